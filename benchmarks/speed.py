"""How fast is what is said to be fast? All benchmarks of speed, and where a study's time goes.

usage: speed.py [--only NAME ...] [--torch-python PYTHON] [--quick]

Every part is a program of its own, so that neither threads nor memory of one meet another; its last
line holds its figures. They go into docs/speed.md, and the flame into docs/assets.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from _options import cores
from _speed_flame import flame
from _speed_page import Row, grid, missed, rows_of, sections, table
from _speed_profile import RATE, Samples, mostly, record, shares
from _tuning_figures import at_most, bare

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "speed.md"
FLAME = PAGE.parent / "assets" / "study_flame.svg"
PATIENTS, STARTS = 300, 7
HEAD = """# Speed

Written by `python benchmarks/speed.py`; no figure here was typed by hand. Measured on {cores}; all
data are simulated. Parts may be of different days, on which one machine may be twice as fast as on
another: compare ratios within a part, not seconds between parts.

{missed}
"""
_OF_STEP = "{} time of a training step, two LSTM layers of 64 units, 32 rows of {} steps"


@dataclass(frozen=True)
class Part:
    """One part of the page.

    Args:
        title: Its heading.
        said: What is measured, in a sentence.
        command: Script in this folder and its options; without one, a function of this file.
        words: Figure to what it is and its unit.
    """

    title: str
    said: str
    command: tuple[str, ...] = ()
    words: dict[str, tuple[str, str]] = field(default_factory=dict)


PARTS = {
    "imports": Part(
        "Imports",
        f"Medians of {STARTS} fresh processes, Python's own start included.",
    ),
    "lstm": Part(
        "The LSTM on a CPU",
        "Training steps of the same batch through Keras's layers and ours, in turn.",
        ("lstm.py",),
        {
            f"{kind}_at_32_of_{steps}": (_OF_STEP.format(name, steps), "of Keras's")
            for steps in (50, 200)
            for kind, name in (("wall", "Wall"), ("cpu", "CPU"))
        }
        | {"worst_wall": ("Wall time, worst of batches of 1 to 256 rows", "of Keras's")},
    ),
    "latency": Part(
        "One patient",
        "One patient with a picture, a series, a table and a note; all sides answer in turn.",
        ("latency.py",),
        {
            f"{name} {key}": (f"`{name}`: {what}", unit)
            for name in ("model.predict", "predictor", "ONNX Runtime")
            for key, what, unit in (
                ("p50 ms", "median", "ms"),
                ("p99 ms", "99th percentile", "ms"),
                ("of predict", "median beside `model.predict`", "times"),
                ("differs by", "largest difference of a probability", ""),
            )
        },
    ),
    "frozen": Part(
        "A search over a frozen backbone",
        "Ten configurations on five folds, `efficientnet_lite0` frozen, pictures of 224x224: its "
        "features computed once, and again for every picture of every epoch.",
        ("frozen.py", "--patients", "120"),
        {
            "faster": ("A search is faster", "times"),
            "largest_gap": ("Largest difference of a logit", ""),
        },
    ),
    "side_by_side": Part(
        "Two networks at a time",
        "Every network of a study of 800 simulated patients, two at a time in processes of half of "
        "the cores, and one after the other on all cores.",
        ("side_by_side.py", "--rounds", "1"),
        {
            "wall": ("Two at a time: wall time beside one after the other", "times"),
            "agreement": ("Least rank correlation of the predictions", ""),
        },
    ),
    "bfloat16": Part(
        "bfloat16",
        "The same steps in both precisions, in turn, and AUROC on the same folds of 200 patients.",
        ("bfloat16.py", "--patients", "200", "--epochs", "8", "--seeds", "1"),
    ),
    "threads": Part(
        "Threads",
        "A step and a prediction with other numbers of threads, beside TensorFlow's default.",
        ("threads.py", "--rounds", "5"),
    ),
    "efficientnet_lite0": Part(
        "efficientnet_lite0 beside PyTorch",
        "Logits of 20 images, ours beside those of the network that the weights were trained in.",
        ("efficientnet_lite0.py",),
    ),
    "study": Part(
        "A whole study",
        f"Series of two kinds, pictures, a table and notes of {PATIENTS} simulated patients; two "
        "configurations on three folds, at most 20 epochs, every baseline, report and all; "
        "networks one after the other, in one process.",
    ),
}


def run_part(name: str, torch_python: Path | None, quick: bool) -> list[Row]:
    """Run one benchmark and read its figures."""
    part = PARTS[name]
    command = [sys.executable, HERE / part.command[0], *part.command[1:]]
    command += ["--quick"] if quick else []
    if name == "efficientnet_lite0":
        if torch_python is None:
            return [Row("Logits beside PyTorch", None, why="not run here")]
        command += ["--python", torch_python]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    try:  # a benchmark that missed a bar may say so by its exit code
        return rows_of(json.loads(done.stdout.splitlines()[-1]), part.words)
    except (IndexError, ValueError) as error:
        raise RuntimeError(f"{name}: exit {done.returncode}, and no figures") from error


def imports(quick: bool) -> list[Row]:
    """Time fresh processes."""
    program = Path(sysconfig.get_path("scripts")) / "hybrid-zoo"
    started = {
        "`from hybrid_zoo import build_hybrid`": at_most(
            _starts([sys.executable, "-c", "from hybrid_zoo import build_hybrid"], quick), 0.3
        ),
        "`hybrid-zoo --help`": at_most(_starts([program, "--help"], quick), 0.3),
        "Python alone": bare(_starts([sys.executable, "-c", ""], quick)),
    }
    return rows_of(started, {what: (what, "s") for what in started})


def _starts(command: Sequence[str | Path], quick: bool) -> float:
    taken = []
    compiled = {**os.environ, "PYTHONDONTWRITEBYTECODE": ""}  # as an installed package is
    for _ in range(1 + (2 if quick else STARTS)):
        start = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=compiled)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken[1:])  # the first one reads the files from the disk


def study(quick: bool) -> tuple[list[Row], str]:
    """Look into a study; return its figures, and the table of its stages with the flame."""
    from _speed_study import simulate_with_notes

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        cohort = simulate_with_notes(folder / "cohort", 60 if quick else PATIENTS)
        program = [HERE / "_speed_study.py", cohort, folder / "run", *["--quick"] * quick]
        start = time.perf_counter()
        samples = record(program, folder)
        seconds = time.perf_counter() - start
        fits = re.findall(r"fit \d+ of (\d+)", (folder / "run" / "run.log").read_text())
    if not quick:
        FLAME.write_text(flame(samples, seconds), encoding="utf-8")
    found = shares(samples)
    trained = 100 * (found["training steps"] + found["validation"])
    figures = [
        Row("The study from the first import to the last file", seconds, "s"),
        Row("Fits of networks, and baselines", float(fits[0])),
        Row("Training steps and validation", trained, "%"),
    ]
    return figures, stages(samples, seconds)


def stages(samples: Samples, seconds: float) -> str:
    """Return the table of a program's stages, and the link to its flame."""
    found, link = shares(samples), f"assets/{FLAME.name}"
    rows = [
        (stage, f"{100 * share:.1f} %", f"{share * seconds:.1f}", mostly(samples, stage))
        for stage, share in found.items()
    ]
    words = "; ".join(f"{stage} {100 * share:.0f} %" for stage, share in found.items())
    return (
        f"\n{grid(('stage', 'share', 'seconds', 'most of it below'), rows)}\n\nShares are of "
        f"{samples.total():,} looks at the main thread, {RATE} a second (py-spy), waiting "
        f"included.\n\n[![Where the time of a study goes: {words}]({link})]({link})\n"
    )


def measure(names: Sequence[str], torch_python: Path | None, quick: bool) -> dict:
    """Return part to its rows and what stands below their table."""
    here: dict[str, Callable] = {"imports": lambda quick: (imports(quick), ""), "study": study}
    found = {}
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        start = time.perf_counter()
        found[name] = (
            here[name](quick) if name in here else (run_part(name, torch_python, quick), "")
        )
        print(table(found[name][0]) + found[name][1])
        print(f"{name}: {time.perf_counter() - start:.0f} s", file=sys.stderr, flush=True)
    return found


def page(kept: dict[str, str], found: dict[str, tuple[list[Row], str]]) -> str:
    """Return the page with what was found in the place of what it held."""
    new = {
        PARTS[name].title: f"{PARTS[name].said}\n\n{table(rows)}\n{below}".strip()
        for name, (rows, below) in found.items()
    }
    parts = {p.title: (kept | new).get(p.title) for p in PARTS.values()}
    text = "\n".join(f"## {title}\n\n{below}\n" for title, below in parts.items() if below)
    return f"{HEAD.format(cores=cores(), missed=missed(text))}\n{text}"


def main() -> None:
    there = [n for n, p in PARTS.items() if not p.command or (HERE / p.command[0]).is_file()]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=there, help="the page keeps the others")
    parser.add_argument("--torch-python", type=Path, help="of an environment with PyTorch")
    parser.add_argument("--quick", action="store_true", help="small; nothing is written")
    given = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    found = measure(given.only or there, given.torch_python, given.quick)
    if not given.quick:
        kept = sections(PAGE.read_text(encoding="utf-8")) if given.only else {}
        PAGE.write_text(page(kept, found), encoding="utf-8")
    rows = [row for rows, _ in found.values() for row in rows if row.holds is not None]
    print(json.dumps({row.what: {"value": row.figure, "holds": row.holds} for row in rows}))


if __name__ == "__main__":
    main()
