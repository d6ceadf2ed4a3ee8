"""Write an evaluation of a finished run down: a file, predictions and a page."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from hybrid_zoo import __version__
from hybrid_zoo.pipelines.arrays import CohortArrays
from hybrid_zoo.studies.artefacts import prediction_rows, write_json
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
        prediction_rows(arrays, t, _only(rows, predictions[t]), model="hybrid", split=part)
        for part, rows in parts.rows.items()
        for t in arrays.labels
    )
    table["class"] = table.get("class", pd.Series("", table.index)).fillna("")
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


def _only(rows: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The same predictions, NaN outside of some rows."""
    some = np.full_like(values, np.nan)
    some[rows] = values[rows]
    return some


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
    rows = predictions[found & predictions["label"].notna()]
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
