"""The 25 phenotypes of the intensive-care benchmarks, from codes of ICD-9-CM and ICD-10-CM."""

import re
from collections.abc import Collection
from pathlib import Path

import pandas as pd
import yaml

from hybrid_zoo.errors import CohortError

_TEXT = Path(__file__).with_name("phenotypes.yaml").read_text(encoding="utf-8")
_TABLE: dict[str, dict[str, str]] = yaml.safe_load(_TEXT)
PHENOTYPES = {name: entry["name"] for name, entry in _TABLE.items()}
"""Name of a target to the name that the benchmarks give it, in their order."""
SHOWN_HOURS = 24 * 30  # of a stay: a few last for months, and a batch is as long as its longest
_VERSIONS = {"9": "icd9", "10": "icd10"}
_SHORTEST = 3  # characters of a prefix
_PREFIXES = {
    version: {prefix: name for name, entry in _TABLE.items() for prefix in entry[key].split()}
    for version, key in _VERSIONS.items()
}


def phenotype(code: str, version: str) -> str | None:
    """Return the phenotype that a diagnosis belongs to.

    A code that is newer than the listings counts for the phenotype whose prefix it begins with.

    Args:
        code: Without dots, such as `N179`.
        version: `9` or `10`.

    Returns:
        The name of the target; None if it belongs to none of the 25.

    Source:
        Harutyunyan et al., Sci Data 2019;6:96, doi:10.1038/s41597-019-0103-9, the task phenotype
        classification; codes of the groups: HCUP's CCS, see phenotypes.yaml.
    """
    whole = f"{code}$"
    starts = (whole[:end] for end in range(_SHORTEST, len(whole) + 1))
    return next((_PREFIXES[version][s] for s in starts if s in _PREFIXES[version]), None)


def label_admissions(diagnoses: pd.DataFrame) -> pd.DataFrame:
    """Tell the phenotypes of admissions.

    Args:
        diagnoses: Text columns `hadm_id, icd_code, icd_version`.

    Returns:
        Index `hadm_id`, one column per phenotype, 0.0 or 1.0; without the admissions none of whose
        rows has a code of ICD-9 or ICD-10.
    """
    codes = pd.DataFrame(
        {
            "hadm_id": diagnoses["hadm_id"],
            "code": diagnoses["icd_code"].str.replace(".", "").str.strip().str.upper(),
            "version": diagnoses["icd_version"].str.strip().str.removesuffix(".0"),
        }
    )
    codes = codes[codes["version"].isin(_VERSIONS) & codes["code"].str.len().gt(0)]
    distinct = codes[["code", "version"]].drop_duplicates()
    pairs = distinct.itertuples(index=False, name=None)
    distinct = distinct.assign(name=[phenotype(code, version) or "" for code, version in pairs])
    found = codes.merge(distinct[distinct["name"] != ""], on=["code", "version"])
    labels = pd.crosstab(found["hadm_id"], found["name"]).clip(upper=1).astype(float)
    known = pd.Index(codes["hadm_id"].dropna().unique(), name="hadm_id")
    return labels.reindex(index=known, columns=list(PHENOTYPES), fill_value=0.0)


def identifier(name: str) -> str:
    """Return the target's name for a phenotype's name in the benchmarks' files.

    Args:
        name: Such as `Shock`; of a phenotype that is not one of the 25, its letters and digits.
    """
    known = {written.lower(): short for short, written in PHENOTYPES.items()}
    name = name.strip().lower()
    return known.get(name, re.sub(r"\W+", "_", name).strip("_"))


def learnable(labels: pd.DataFrame, who: str) -> list[str]:
    """Return the targets that can be learnt: some samples have the phenotype, others have not.

    Args:
        labels: One row per sample, one column per phenotype, of 0, 1 and NaN.
        who: The source, for messages.

    Raises:
        CohortError: If there is none.
    """
    names = [str(name) for name in labels if labels[name].nunique() > 1]
    if not names:
        raise CohortError(
            f"{who}: no phenotype is there in some stays and not in others; expected the diagnoses "
            "of the stays' own admissions. Are the files of one release?"
        )
    return names


def describe(names: Collection[str], labels: pd.DataFrame) -> str:
    """Return which targets are which phenotypes, for people who read cohort.yaml.

    Args:
        names: The targets.
        labels: One column per phenotype; those that are no targets are named as left out.
    """
    told = [f"{name} is '{PHENOTYPES[name]}'" for name in names if name in PHENOTYPES]
    left = [str(name) for name in labels if name not in names]
    missing = f" Not targets, since all known labels are the same: {', '.join(left)}."
    return f"Names in the benchmark: {', '.join(told)}." + (missing if left else "")
