"""Whether the methods of a page pass their checks on the run's model; found once per run."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.explain.attention import LAYERS
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
    run: Path, trained: Trained, arrays: CohortArrays, target: str | None = None
) -> list[Said]:
    """Check the methods of the page on patients that the run did not learn from.

    What is found is kept in the run folder, and read there the next time.

    Args:
        run: The run folder; SHA256SUMS is brought up to date.
        trained: The run.
        arrays: Of a folder of patients, from `read_new_patients`.
        target: Name; the first of the run where not given.

    Returns:
        One for each array that a page draws; empty if the folder has too few patients.

    Raises:
        CorruptArtifactError: If what was found earlier is damaged.
    """
    target = target or next(iter(trained.model.targets))
    kept = _read(run, trained)
    if target not in kept:
        found = _check(trained, arrays, target)
        if not found:
            return []
        kept[target] = found
        _write(run, trained, kept)
    names = Said.__dataclass_fields__
    return [Said(**{name: entry[name] for name in names}) for entry in kept[target]]


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


def _check(trained: Trained, arrays: CohortArrays, target: str) -> list[dict[str, Any]]:
    rows = unseen(trained, arrays)[:POOL]
    if len(rows) < FEWEST:
        return []
    x = trained.inputs_of(arrays, rows)
    return [
        {
            "method": verdict.method,
            "result": verdict.result,
            "patients": verdict.patients,
            "passed": verdict.passed,
            "finding": verdict.finding,
            "checks": {name: round(check.value, 4) for name, check in verdict.checks.items()},
        }
        for verdict in _verdicts(trained, x, target)
    ]


def _verdicts(trained: Trained, x: dict[str, np.ndarray], target: str) -> Iterator[Verdict]:
    everyone = patients_of(trained.model, x, target, 0, input_spec(trained.inputs))
    shown = list(_shown(everyone.case(0)))
    readers = {name: Reader(name, ARGUMENTS.get(name, {})) for name, _ in shown}
    for method, result in shown:
        options = CheckOptions(result=result, patients=PATIENTS, draws=DRAWS)
        try:
            yield examine(everyone, readers[method], options)
        except ConfigError:
            continue  # nobody has this modality, or it has too few places


def _shown(case: Case) -> Iterator[tuple[str, str]]:
    """The method and the array of everything that a page draws."""
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
        attended = case.opened.layers(LAYERS, name)
        yield ("attention", name) if attended else ("occlusion", f"{name}/steps")
    yield "integrated_gradients", name


def _read(run: Path, trained: Trained) -> dict[str, Any]:
    """Target to what was found of this very model."""
    if not (run / VERDICTS).is_file():
        return {}
    require_unchanged(run, (VERDICTS,))
    found = json.loads((run / VERDICTS).read_text(encoding="utf-8"))
    return found["targets"] if found["model"] == trained.digest else {}


def _write(run: Path, trained: Trained, targets: dict[str, Any]) -> None:
    try:
        write_json(run / VERDICTS, {"model": trained.digest, "targets": targets})
        update_checksums(run, [VERDICTS])
    except OSError:
        return  # a run that may only be read: found anew each time
