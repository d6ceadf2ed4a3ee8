"""MIMIC-IV with MIMIC-CXR-JPG and MIMIC-IV-Note: death in hospital from the first 48 hours."""

from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.sources.mimic_stays import adult_stays, write_stays

HOURS = 48
_ABOUT = {
    "name": "mimic4-mortality",
    "title": "Death in hospital after 48 hours of intensive care",
    "citation": "Johnson et al., Sci Data 2023;10:1; Johnson et al., Sci Data 2019;6:317",
    "population": "adults with an intensive-care stay of at least 48 hours, alive then",
    "prediction_time": f"{HOURS} hours after admission to intensive care",
    "horizon": "until discharge from hospital",
    "targets": {"death": {"kind": "binary"}},
}


@SOURCES.register
def mimic4(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """Intensive-care stays of MIMIC-IV: vitals, labs, X-rays and reports of 48 hours; death.

    What it is: every stay of at least 48 hours, of an adult who was alive then; the target `death`
    is hospital_expire_flag. A patient with several stays has one sample for each.

    Inputs, all from the first 48 hours: age at admission, gender, kind of admission and unit;
    vitals from chartevents and labs from labevents, by time and patient, since hadm_id is often
    empty; a value that was only stored after the 48 hours is left out, since nobody had it. Frontal
    X-rays (AP and PA) of those hours from MIMIC-CXR-JPG, and radiology reports of them from
    MIMIC-IV-Note, where these releases lie beside MIMIC-IV. Discharge summaries are never an input:
    they are written when the outcome is known. `view` is a shortcut, since portable pictures are of
    sicker patients; race is a group and no input.

    Originals: https://physionet.org/content/mimiciv/, /mimic-cxr-jpg/ and /mimic-iv-note/. They
    need credentials; their licence, a data use agreement, holds for what this writes too. Cite
    Johnson et al., Sci Data 2023;10:1, and Johnson et al., Sci Data 2019;6:317.

    Args:
        raw: Folder that holds the releases, as PhysioNet lays them out.
        out: A new or empty folder; X-rays are linked into it where the disk allows, else copied.
        progress: Called with the number of steps done and of all.

    Returns:
        `out`.

    Raises:
        CohortError: If files or columns are missing, no stay qualifies, or `out` is not empty.
    """
    raw, out = Path(raw), Path(out)
    stays = _stays(raw)
    labels = pd.DataFrame({"death": stays["hospital_expire_flag"].astype(int)})
    return write_stays(
        raw, out, stays=stays, labels=labels, about=_ABOUT, hours=HOURS, progress=progress
    )


def _stays(raw: Path) -> pd.DataFrame:
    """Return the stays that last as long as the window, of patients alive at its end."""
    stays = adult_stays(raw)
    stays["until"] = stays["intime"] + pd.Timedelta(hours=HOURS)
    alive = stays["deathtime"].isna() | (stays["deathtime"] >= stays["until"])
    stays = stays[(stays["outtime"] >= stays["until"]) & alive]
    if stays.empty:
        raise CohortError(
            f"mimic4: no stay in {raw} is of an adult, lasts {HOURS} hours and has an admission."
        )
    return stays.reset_index(drop=True)
