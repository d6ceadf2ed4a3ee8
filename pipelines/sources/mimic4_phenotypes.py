"""MIMIC-IV with MIMIC-CXR-JPG and MIMIC-IV-Note: the 25 phenotypes of a whole stay."""

from pathlib import Path

import pandas as pd

from hybrid_zoo.errors import CohortError
from hybrid_zoo.pipelines.scan import Progress
from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.sources.mimic_files import read
from hybrid_zoo.pipelines.sources.mimic_stays import adult_stays, write_stays
from hybrid_zoo.pipelines.sources.phenotypes import (
    SHOWN_HOURS,
    describe,
    label_admissions,
    learnable,
)

_CODE = ["hadm_id", "icd_code", "icd_version"]


@SOURCES.register
def mimic4_phenotypes(raw: Path, out: Path, *, progress: Progress | None = None) -> Path:
    """Intensive-care stays of MIMIC-IV: vitals, labs, X-rays and reports; 25 phenotypes.

    What it is: every intensive-care stay of an adult; the 25 binary targets are the phenotypes of
    Harutyunyan et al., from the diagnoses of the stay's admission. The task is retrospective: the
    codes are given after discharge, for the whole admission, so the inputs are of the whole stay
    and nothing is foretold. A stay without diagnoses has unknown labels, not zeros. A phenotype
    that all known stays have, or none, is left as a column and is no target.

    A diagnosis belongs to the phenotype by HCUP's CCS for ICD-9-CM and for ICD-10-CM. A code that
    their listings do not know counts for the phenotype whose prefix it begins with. MedFuse took
    its codes of ICD-10 from a conversion of those of ICD-9, which knows fewer, so its labels
    differ: see the source `medfuse` for those. Other than there, admissions with several stays or
    transfers are included, and so is what the source `mimic4` reads more: labs, reports and both
    frontal views.

    Inputs: as those of the source `mimic4`, from the first hour to the end of the stay, without
    values that were only stored after it. All of them are written; cohort.yaml shows the model the
    first 30 days, in hourly steps, lest the few stays of months make all series long: set
    end_hours for more or less. Discharge summaries are never an input: they name the diagnoses.

    Originals: https://physionet.org/content/mimiciv/, /mimic-cxr-jpg/ and /mimic-iv-note/. They
    need credentials; their licence, a data use agreement, holds for what this writes too. Cite
    Johnson et al., Sci Data 2023;10:1, Johnson et al., Sci Data 2019;6:317, and Harutyunyan et al.,
    Sci Data 2019;6:96.

    Args:
        raw: Folder that holds the releases, as PhysioNet lays them out.
        out: A new or empty folder; X-rays are linked into it where the disk allows, else copied.
        progress: Called with the number of steps done and of all.

    Returns:
        `out`.

    Raises:
        CohortError: If files or columns are missing, no stay qualifies, no phenotype tells stays
            apart, or `out` is not empty.
    """
    raw, out = Path(raw), Path(out)
    stays = _stays(raw)
    labels = _labels(raw, stays)
    about = _about(labels)
    return write_stays(
        raw, out, stays=stays, labels=labels, about=about, hours=SHOWN_HOURS, progress=progress
    )


def _stays(raw: Path) -> pd.DataFrame:
    stays = adult_stays(raw)
    stays = stays.assign(until=stays["outtime"])[stays["outtime"] > stays["intime"]]
    if stays.empty:
        raise CohortError(
            f"mimic4_phenotypes: no stay in {raw} is of an adult, has an end and an admission."
        )
    return stays.reset_index(drop=True)


def _labels(raw: Path, stays: pd.DataFrame) -> pd.DataFrame:
    def keep(part: pd.DataFrame) -> pd.DataFrame:
        return part[part["hadm_id"].isin(stays["hadm_id"])]

    labels = label_admissions(read(raw, "hosp/diagnoses_icd.csv", _CODE, keep))
    return labels.reindex(stays["hadm_id"]).set_axis(stays.index, axis=0)


def _about(labels: pd.DataFrame) -> dict[str, object]:
    targets = learnable(labels, "mimic4_phenotypes")
    return {
        "name": "mimic4-phenotypes",
        "title": "Phenotypes of stays in intensive care",
        "description": describe(targets, labels),
        "citation": (
            "Johnson et al., Sci Data 2023;10:1; Johnson et al., Sci Data 2019;6:317; "
            "Harutyunyan et al., Sci Data 2019;6:96"
        ),
        "population": "adults with an intensive-care stay",
        "prediction_time": "the end of the stay: retrospective, from all of it",
        "horizon": "none: the diagnoses are those of the stay's own admission",
        "targets": {name: {"kind": "binary"} for name in targets},
    }
