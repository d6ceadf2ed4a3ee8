"""Whether the methods of a page pass their checks on the run's model; found once per run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError, CorruptArtifactError
from hybrid_zoo.explain.attention import attends
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.faith import CheckOptions, Verdict
from hybrid_zoo.explain.faith.check_explainer import examine, patients_of
from hybrid_zoo.explain.faith.reading import Reader
from hybrid_zoo.explain.feature_maps import last_map
from hybrid_zoo.explain.methods import lacks
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.studies.artefacts import write_json
from hybrid_zoo.studies.checksums import require_unchanged, update_checksums
from hybrid_zoo.studies.inputs_file import input_spec
from hybrid_zoo.studies.trained import Trained

VERDICTS = "explainers.json"
PATIENTS, POOL, FEWEST = 12, 200, 5
"""Patients that are looked at, the most among whom they are chosen, and the fewest."""
DRAWS = 10
"""How often the weights are shuffled."""
ARGUMENTS = {"integrated_gradients": {"most": 128}}
"""Of the methods: an order of places needs fewer points than a sum that is right to 1 %."""


@dataclass(frozen=True, kw_only=True)
class Said:
    """What the checks found of one array of a method.

    Args:
        method: Its name.
        result: Name of the array.
        passed: Whether every check was passed.
        finding: As of `Verdict`.
    """

    method: str
    result: str
    passed: bool
    finding: str

    @property
    def modality(self) -> str:
        """The input that the array speaks of."""
        return self.result.partition("/")[0]


def verdicts(
    run: Path, trained: Trained, arrays: CohortArrays, case: Case, *, check: bool = True
) -> list[Said]:
    """Check the methods of the page on some patients of a folder.

    What is found is kept in the run folder, and read there the next time.

    Args:
        run: The run folder; SHA256SUMS is brought up to date.
        trained: The run.
        arrays: Of the folder, from `read_new_patients`.
        case: Whose page it is, for the target and the class.
        check: Otherwise say only what was found earlier.

    Returns:
        One for each array that a page draws; empty if the folder has too few patients.
    """
    kept, key = _read(run, trained), f"{case.target}/{case.label}"
    if key not in kept and check:
        kept[key] = _check(trained, arrays, case)
        if kept[key]:
            _write(run, trained, kept)
    names = Said.__dataclass_fields__
    return [Said(**{name: entry[name] for name in names}) for entry in kept.get(key, [])]


def unseen(trained: Trained, arrays: CohortArrays) -> np.ndarray:
    """Return the positions of patients that the run's model did not learn from.

    Args:
        trained: The run.
        arrays: Of a folder of patients.
    """
    splits = trained.splits
    learnt = splits[splits["split"] == "train"] if trained.is_held_out else splits
    seen = np.isin(arrays.patient_ids, learnt["patient_id"].to_numpy(dtype=str))
    return np.flatnonzero(~seen)


def _check(trained: Trained, arrays: CohortArrays, case: Case) -> list[dict[str, Any]]:
    rows = unseen(trained, arrays)
    if len(rows) < FEWEST:  # as after cross-validation, where the model is a refit on everybody
        rows = np.arange(len(arrays))
    if len(rows) < FEWEST:
        return []
    x = trained.inputs_of(arrays, rows[:POOL])
    return [
        {
            "method": verdict.method,
            "result": verdict.result,
            "patients": verdict.patients,
            "passed": verdict.passed,
            "finding": verdict.finding,
            "checks": {name: round(check.value, 4) for name, check in verdict.checks.items()},
        }
        for verdict in _verdicts(trained, x, case)
    ]


def _verdicts(trained: Trained, x: dict[str, np.ndarray], case: Case) -> Iterator[Verdict]:
    spec = input_spec(trained.inputs)
    everyone = patients_of(trained.model, x, case.target, case.label, spec)
    readers: dict[str, Reader] = {}
    for method, result in drawn(case):
        readers.setdefault(method, Reader(method, ARGUMENTS.get(method, {})))
        options = CheckOptions(result=result, patients=PATIENTS, draws=DRAWS)
        try:
            yield examine(everyone, readers[method], options)
        except ConfigError:
            continue  # nobody has this modality, or it has too few places


def drawn(case: Case) -> Iterator[tuple[str, str]]:
    """Yield the method and the name of every array that a page of this model draws.

    Args:
        case: Any patient.
    """
    for name in case.opened.modalities:
        is_image = name.startswith(("image", "volume"))
        for method, result in _of_images(case, name) if is_image else _of_values(case, name):
            if not lacks(method, case):
                yield method, result


def _of_images(case: Case, name: str) -> Iterator[tuple[str, str]]:
    if last_map(case, name) is not None:
        yield "hires_cam", name
    yield "occlusion", name


def _of_values(case: Case, name: str) -> Iterator[tuple[str, str]]:
    if name.startswith("sequence"):
        yield ("attention", name) if attends(case, name) else ("occlusion", f"{name}/steps")
    yield "integrated_gradients", name


def _read(run: Path, trained: Trained) -> dict[str, Any]:
    """Target to what was found of this very model."""
    if not (run / VERDICTS).is_file():
        return {}
    try:
        require_unchanged(run, (VERDICTS,))
    except CorruptArtifactError:
        return {}  # left half written, or by another process: what it held is found anew
    found = json.loads((run / VERDICTS).read_text(encoding="utf-8"))
    return found["targets"] if found["model"] == trained.digest else {}


def _write(run: Path, trained: Trained, targets: dict[str, Any]) -> None:
    try:
        write_json(run / VERDICTS, {"model": trained.digest, "targets": targets})
        update_checksums(run, [VERDICTS])
    except OSError:
        return  # a run that may only be read: found anew each time
