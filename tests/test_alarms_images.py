"""One picture under two patients is found however it was saved; like anatomies are not."""

import io
import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from hybrid_zoo.pipelines import Cohort, find_leaks
from hybrid_zoo.pipelines.alarms.thumbnails import SIDE, alike, is_blank, thumbnails

PATIENTS, HEIGHT = 40, 48


def chest(seed, own=1.0):
    """What all share, and what is a patient's own: a smooth field and noise."""
    rng = np.random.default_rng(seed)
    down, across = np.mgrid[:HEIGHT, :HEIGHT]
    shared = 150 - 60 * np.cos(across / 8) * np.sin(down / 15)
    field = Image.fromarray(rng.normal(0, 10 * own, (8, 8)).astype("float32"))
    smooth = np.asarray(field.resize((HEIGHT, HEIGHT), Image.Resampling.BICUBIC))
    return (shared + smooth + rng.normal(0, 2, shared.shape)).clip(0, 255).astype("uint8")


def encoded(pixels, kind="PNG", **options):
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, kind, **options)
    return stream.getvalue()


CHANGES = {
    "jpeg": lambda p: encoded(p, "JPEG", quality=70),
    "brighter": lambda p: encoded((p * 1.06 + 5).clip(0, 255).astype("uint8")),
    "larger": lambda p: encoded(np.asarray(Image.fromarray(p).resize((90, 90)))),
    "16 bits": lambda p: encoded(p.astype("uint16") * 200),
    "colour": lambda p: encoded(np.repeat(p[..., None], 3, axis=2)),
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """A folder of one picture per patient."""
    folder = tmp_path_factory.mktemp("pictures")
    for k in range(PATIENTS):
        (folder / f"{k}.png").write_bytes(encoded(chest(k)))
    return folder


@pytest.fixture
def found(pictures, tmp_path):
    """Alarms of those pictures, of which some are replaced."""

    def run(replaced, patients=None):
        shutil.copytree(pictures, tmp_path / "cohort")
        for name, data in replaced.items():
            (tmp_path / "cohort" / name).write_bytes(data)
        ids = [f"s{k}" for k in range(PATIENTS)]
        owners = ids if patients is None else patients
        samples = pd.DataFrame({"sample_id": ids, "patient_id": owners, "event": [0, 1] * 20})
        rows = pd.DataFrame({"sample_id": ids, "path": [f"{k}.png" for k in range(PATIENTS)]})
        options = {"size": [HEIGHT, HEIGHT]}
        cohort = Cohort.from_frames(
            samples,
            images=rows,
            folder=tmp_path / "cohort",
            targets=["event"],
            images_options=options,
        )
        assert cohort.quarantine.empty
        alarms = find_leaks(cohort)
        assert not (tmp_path / "cohort" / ".store").exists()  # looked at, not kept
        assert find_leaks(cohort, cohort.to_arrays()) == alarms
        return alarms

    return run


def test_alike_anatomies_raise_no_alarm(found):
    assert not found({})


def test_the_same_file_under_two_patients_is_named(found):
    (alarm,) = found({"7.png": encoded(chest(3))})
    assert (alarm.kind, alarm.where) == ("same-image", "image") and "s3 = s7" in alarm.message


@pytest.mark.parametrize("change", CHANGES)
def test_a_near_copy_under_two_patients_is_named(found, change):
    (alarm,) = found({"7.png": CHANGES[change](chest(3))})
    assert alarm.kind == "similar-image" and "3.png ~ 7.png" in alarm.message


def test_one_patient_may_have_the_same_picture_twice(found):
    owners = [f"s{k}" for k in range(PATIENTS)]
    owners[7] = "s3"
    assert not found({"7.png": encoded(chest(3))}, owners)


def test_one_patient_may_have_a_near_copy(found):
    owners = [f"s{k}" for k in range(PATIENTS)]
    owners[7] = "s3"
    assert not found({"7.png": CHANGES["jpeg"](chest(3))}, owners)


def test_blank_pictures_are_no_copies(found):
    blank = np.full((HEIGHT, HEIGHT), 90, dtype="uint8")
    speck = blank.copy()
    speck[:2, :2] = 95
    black = encoded(np.zeros_like(blank))
    assert not found({"1.png": encoded(blank), "2.png": encoded(blank + 9), "3.png": black})
    assert is_blank(thumbnails(np.stack([blank, speck])[..., None])).all()


def test_thumbnails_are_area_means_of_pictures_and_volumes():
    rng = np.random.default_rng(0)
    volume = rng.integers(0, 4000, (2, 5, 64, 96, 3)).astype("uint16")
    expected = volume.mean(axis=(1, 4)).reshape(2, SIDE, 2, SIDE, 3).mean(axis=(2, 4))
    assert np.allclose(thumbnails(volume), expected.reshape(2, -1), rtol=1e-5)


def test_every_pair_is_found_across_blocks_and_none_of_one_owner():
    rng = np.random.default_rng(0)
    small = rng.normal(100, 20, (2500, SIDE * SIDE)).astype("float32")
    small[[2400, 1200, 5]] = small[[10, 1100, 4]] * 1.1 + rng.normal(0, 0.5, (3, SIDE * SIDE))
    owner = np.arange(2500)
    owner[5] = owner[4]
    assert sorted(map(tuple, alike(small, owner))) == [(10, 2400), (1100, 1200)]


def test_two_pictures_alone_can_be_copies():
    one = np.random.default_rng(0).normal(100, 20, (1, SIDE * SIDE)).astype("float32")
    assert len(alike(np.concatenate([one, one * 1.2]), np.arange(2))) == 1
