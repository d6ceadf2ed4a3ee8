"""Write an evaluation of a finished run down: a file, predictions and a page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo import __version__
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.studies.artefacts import write_json
from hybrid_zoo.studies.external_words import HEADINGS, models_table, part_in_words
from hybrid_zoo.studies.figures import draw_calibration
from hybrid_zoo.studies.known_patients import Parts
from hybrid_zoo.studies.pages import page_template
from hybrid_zoo.studies.report_files import slug
from hybrid_zoo.studies.statement import STATEMENT
from hybrid_zoo.studies.tables_cohort import subgroup_table
from hybrid_zoo.studies.trained import Trained


def write_evaluation(
    folder: Path,
    trained: Trained,
    arrays: CohortArrays,
    parts: Parts,
    measured: Mapping[str, Mapping[str, Any]],
    predictions: Mapping[str, np.ndarray],
    notices: list[str],
) -> None:
    """Write `evaluation.json`, `predictions.csv` and `evaluation.html` with its figures.

    Args:
        folder: A new folder.
        trained: The run.
        arrays: The patients.
        parts: From `find_parts`.
        measured: Part to what `measure` returned.
        predictions: From `trained.predict`.
        notices: What was odd about the patients.
    """
    folder.mkdir(parents=True)
    content = {
        "run": trained.name,
        "cohort": trained.metrics["cohort"],
        "simulated": trained.metrics["simulated"],
        "package_version": __version__,
        "left_out": parts.left_out,
        "notices": notices,
        "parts": measured,
    }
    write_json(folder / "evaluation.json", content)
    table = pd.concat(
        _rows(arrays, target, predictions[target], name, rows)
        for name, rows in parts.rows.items()
        for target in arrays.labels
    )
    table.to_csv(folder / "predictions.csv", index=False)
    simulated = trained.metrics["simulated"]
    title = f"{'Simulated evaluation' if simulated else 'Evaluation'} of {trained.name}"
    page = page_template("evaluation.html.j2").render(
        title=title,
        simulated=simulated,
        version=__version__,
        statement=STATEMENT,
        notices=notices,
        parts=[
            _section(folder, part, blocks, table, simulated) for part, blocks in measured.items()
        ],
    )
    (folder / "evaluation.html").write_text(page, encoding="utf-8")


def _rows(
    arrays: CohortArrays, target: str, predicted: np.ndarray, part: str, rows: np.ndarray
) -> pd.DataFrame:
    """Predictions of one part in the format of a run's `predictions.csv`."""
    classes = arrays.classes.get(target) or ("",)
    labels = arrays.labels[target][rows]
    names = np.array(classes if len(classes) > 1 else ("0", "1"), dtype=object)
    known = np.isfinite(labels)
    label = np.where(known, names[np.where(known, labels, 0).astype(int)], "")
    return pd.DataFrame(
        {
            "sample_id": np.repeat(arrays.sample_ids[rows], len(classes)),
            "target": target,
            "model": "hybrid",
            "split": part,
            "label": np.repeat(label, len(classes)),
            "probability": predicted[rows].reshape(-1),
            "fold": 0,
            "class": np.tile(np.array(classes, dtype=object), len(rows)),
        }
    )


def _section(
    folder: Path,
    part: str,
    blocks: Mapping[str, Any],
    predictions: pd.DataFrame,
    simulated: bool,
) -> dict[str, Any]:
    ending = " (simulated)" if simulated else ""
    return {
        "id": part,
        "heading": f"{HEADINGS[part]}{ending}",
        "targets": [
            _target(folder, part, target, block, predictions, ending)
            for target, block in blocks.items()
        ],
    }


def _target(
    folder: Path, part: str, target: str, block: Any, predictions: pd.DataFrame, ending: str
) -> dict[str, Any]:
    (folder / "figures").mkdir(exist_ok=True)
    name = f"{part}-{slug(target)}"
    found = (predictions["split"] == part) & (predictions["target"] == target)
    rows = predictions[found & (predictions["label"] != "")]
    of = f"{target}, {HEADINGS[part].lower()}{ending}"
    file = f"calibration-{name}{'-simulated' if ending else ''}.png"
    picture = draw_calibration(
        block | {"recommended": "hybrid"}, rows, folder / "figures" / file, f"Calibration, {of}"
    )
    return {
        "id": name,
        "name": target,
        "words": part_in_words(part, target, block),
        "tables": [
            table
            for table in (
                models_table(block, f"The model as it is, and recalibrated, {of}"),
                subgroup_table(block, f"Subgroups, {of}"),
            )
            if table
        ],
        "figure": {
            "id": picture.path.stem,
            "svg": picture.svg,
            "heading": f"Calibration, {of}.",
            "alt": f"Predicted against observed risk in groups of equal size, {of}.",
            "caption": "Left: predicted against observed risk in groups of equal size, with 95 % "
            "intervals. Right: how the predictions are spread.",
        },
    }
