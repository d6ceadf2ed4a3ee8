"""Spoken and handwritten digits, paired by class: a benchmark of the fusion machinery."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.folders import require_empty
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.writing import write_cohort

SPEECH = "fsdd_mfcc13_ragged.npz"
PICTURES = "sklearn_digits_8x8.npz"
PAIRS = 500  # per speaker
FRAMES = 120
STEP = 3  # frames of 10 ms per step: a third of the time, and no worse to hear a digit by
NOISE = 10.0  # standard deviation, on pixels of 0..16
DARKEST, BRIGHTEST = -30.0, 46.0  # become 0 and 255: three standard deviations of noise either way
_SEED = 20
_ARRAYS = ("values", "row_splits", "label", "speaker", "take")


@SOURCES.register
def digits(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """Spoken and handwritten digits, paired by class; leave-one-speaker-out over six speakers.

    What it is: real signals, synthetic pairing by label, in the style of AV-MNIST. It tests fusion
    machinery and says nothing about medicine. Ten classes; six parts, one per speaker, are the
    cohort's `folds`, and the pictures are cut into six disjoint parts too, so that no picture and
    no recording crosses parts. Each part has 500 pairs drawn with equal label.

    Inputs: a noisy 8x8 picture, and the recording as 13 MFCC per 10 ms frame, at most 120 frames;
    `hours` counts frames here. Normal noise of standard deviation 10 is added to the pixels (0 to
    16), so that neither modality is enough; -30..46 is then written as 0..255, and what lies beyond
    (one pixel in 1,000) is clipped.

    Originals: recordings, https://github.com/Jakobovski/free-spoken-digit-dataset (CC BY-SA 4.0);
    pictures, UCI Optical Recognition of Handwritten Digits, as `sklearn.datasets.load_digits`. The
    raw folder holds fsdd_mfcc13_ragged.npz with `values (frames, 13)`, `row_splits (n + 1,)`,
    `label`, `speaker` and `take (n,)`: pre-emphasis .97, 25 ms Hamming window every 10 ms,
    256-point FFT, 26 mel bands of 20-4000 Hz, log, orthonormal DCT-II, first 13. If
    sklearn_digits_8x8.npz (`images`, `label`) is there too, it is used instead of scikit-learn's.

    Args:
        raw: The folder described above.
        out: A new or empty folder.
        progress: Called with the number of pairs written and of all pairs.

    Returns:
        `out`.

    Raises:
        CohortError: If the file or an array of it is missing, or `out` holds something already.
    """
    raw, out = Path(raw), Path(out)
    speech = _read_speech(raw / SPEECH)
    images, image_labels = _read_pictures(raw / PICTURES)
    rng = np.random.default_rng(_SEED)
    pairs = _draw_pairs(speech, image_labels, rng)
    out = require_empty(out)
    (out / "images").mkdir()
    files = pd.DataFrame(_write_pictures(out, pairs, images, rng, progress))
    tables = {"samples": pairs, "events": _frames(pairs, speech), "images": files}
    write_cohort(out, _config(sorted(set(image_labels))), tables, suffix=".parquet")
    return out


def _read_speech(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise CohortError(f"digits: {path} is missing; see the source's help.")
    with np.load(path, allow_pickle=False) as file:
        missing = [name for name in _ARRAYS if name not in file]
        if missing:
            raise CohortError(f"digits: {path} has no array {missing[0]!r}; expected {_ARRAYS}.")
        speech = {name: file[name] for name in _ARRAYS}
    return speech | {"label": speech["label"].astype(str), "speaker": speech["speaker"].astype(str)}


def _read_pictures(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Return `(pictures, 8, 8)` of 0..16, and their labels as text."""
    if path.is_file():
        with np.load(path, allow_pickle=False) as file:
            return file["images"].astype(float), file["label"].astype(str)
    from sklearn.datasets import load_digits  # 1.2 s to import, for this source alone

    bunch = load_digits()
    return bunch.images, bunch.target.astype(str)


def _draw_pairs(
    speech: dict[str, np.ndarray], image_labels: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw pairs of equal label, inside each speaker's own recordings and part of the pictures."""
    speakers = sorted(set(speech["speaker"]))
    parts = np.array_split(rng.permutation(len(image_labels)), len(speakers))
    drawn = []
    for fold, (speaker, part) in enumerate(zip(speakers, parts, strict=True)):
        own = np.flatnonzero(speech["speaker"] == speaker)
        own = own[np.isin(speech["label"][own], image_labels[part])]
        recordings = rng.choice(own, PAIRS)
        for number, recording in enumerate(recordings):
            label = speech["label"][recording]
            picture = rng.choice(part[image_labels[part] == label])
            name = f"{speaker}-{number:03d}"
            drawn.append((name, label, fold, speaker, recording, picture))
    columns = ["sample_id", "digit", "speaker_fold", "speaker", "recording", "picture"]
    return pd.DataFrame(drawn, columns=columns)


def _write_pictures(
    out: Path,
    pairs: pd.DataFrame,
    images: np.ndarray,
    rng: np.random.Generator,
    progress: Progress | None,
) -> Iterator[dict[str, str]]:
    jobs = zip(pairs["sample_id"], images[pairs["picture"]], strict=True)
    for done, (name, clean) in enumerate(jobs, 1):
        noisy = clean + rng.normal(0.0, NOISE, clean.shape)
        scaled = (noisy - DARKEST) / (BRIGHTEST - DARKEST) * 255
        path = f"images/{name}.png"
        Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8)).save(out / path)
        if progress is not None:
            progress(done, len(pairs))
        yield {"sample_id": name, "path": path}


def _frames(pairs: pd.DataFrame, speech: dict[str, np.ndarray]) -> pd.DataFrame:
    """Return one row per pair, frame and coefficient."""
    splits, width = speech["row_splits"], speech["values"].shape[1]
    starts = splits[pairs["recording"]]
    lengths = np.minimum(splits[pairs["recording"] + 1] - starts, FRAMES)
    frame = np.concatenate([np.arange(length) for length in lengths])
    values = speech["values"][np.repeat(starts, lengths) + frame]
    names = np.array([f"mfcc_{number}" for number in range(width)])
    return pd.DataFrame(
        {
            "sample_id": np.repeat(np.repeat(pairs["sample_id"], lengths), width),
            "hours": np.repeat(frame, width).astype(float),
            "variable": np.tile(names, len(frame)),
            "value": values.ravel().astype(float),
        }
    )


def _config(classes: list[str]) -> dict[str, object]:
    return {
        "version": 1,
        "name": "spoken-and-written-digits",
        "title": "Spoken and handwritten digits, paired by class",
        "description": "Real signals, synthetic pairing by label; hours count frames of 10 ms.",
        "license": "CC-BY-SA-4.0 (recordings), CC-BY-4.0 (pictures)",
        "citation": "Jackson, free-spoken-digit-dataset; Alpaydin and Kaynak 1998",
        "source": "https://github.com/Jakobovski/free-spoken-digit-dataset",
        "targets": {"digit": {"kind": "multiclass", "classes": classes}},
        "events": {
            "start_hours": 0,
            # Not the last frame's hour: a row at the end shares a step with the one before it.
            "end_hours": FRAMES,
            "step_hours": STEP,
        },
        "images": {"size": [8, 8], "channels": 1, "max_per_sample": 1},
        "folds": "speaker_fold",
    }
