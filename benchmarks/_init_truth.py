"""What the columns of published tables are, by hand from their descriptions, before any guess.

`name:kind`, several kinds where the description allows several (an ordered code); `!` marks what is
known only after the prediction, or is a score, an id or a fold: it must never become an input.
"""

KINDS = {
    "n": {"numeric"},
    "c": {"categorical"},
    "o": {"numeric", "categorical"},  # an ordered code: stage, oedema
    "i": {"id"},
    "d": {"date"},
    "t": {"text"},
    "p": {"path"},
    "k": {"constant"},
    "e": {"empty"},
}
PHYSIONET = {
    "stays.csv": "record_id:i! age:n gender:c height:n icutype:c weight:n saps_i:n! sofa:n! "
    "length_of_stay:n! survival_days:n! in_hospital_death:c! n_obs:n fold:c!",
    "series_long.csv.gz": "record_id:i minutes:n parameter:c value:n",
}
HANNOVER = {
    "patients.csv": "patient_id:i! sex:c n_images:n first_exam_day:n last_exam_day:n icu_ever:c! "
    "in_icu_at_first_exam:c! icu_after_first_exam:c! death:c! icu_day:n! icu_release_day:n! "
    "death_day:n! n_crp:n n_d-dimer:n n_factor_xii:n n_ldh:n n_lymphocytes:n n_neutrophils:n "
    "n_pco2:n n_po2:n fold:c!",
    "images.csv": "patient_id:i image_id:i path:p exam_day_since_admission:n modality:c "
    "projection:c sex:c icu_admission_offset:n! icu_release_offset:n! death_offset:n! "
    "in_icu_at_exam:c! icu_after_exam:c! icu_before_exam_only:c! orig_w:k orig_h:n w:k h:n "
    "exam_index:n",
    "labs_long.csv": "patient_id:i image_id:i exam_day_since_admission:n variable:c "
    "lab_offset_days_rel_exam:n lab_day_since_admission:n value:n unit:c below_detection:c "
    "above_detection:c",
}
_LABS = ("crp", "d-dimer", "factor_xii", "ldh", "lymphocytes", "neutrophils", "pco2", "po2")
HANNOVER_EXAMS = {
    "data_original.csv": "patient_id:i! image_id:i! sex:c age:e size:e weight:e admission_offset:n "
    "icu_admission_offset:n! icu_release_offset:n! death_offset:n! modality:c projection:c "
    + " ".join(f"{lab}_offset:n {lab}_val:n" for lab in _LABS)
}
_PBC = "ascites:c hepato:c spiders:c edema:o bili:n chol:n albumin:n"
PBCSEQ = {
    "pbcseq.csv": "rownames:i! id:i! futime:n! status:c! trt:c age:n sex:c day:n "
    f"{_PBC} alk.phos:n ast:n platelet:n protime:n stage:o"
}
PBC = {
    "pbc.csv": f"rownames:i! id:i! time:n! status:c! trt:c age:n sex:c {_PBC} copper:n "
    "alk.phos:n ast:n trig:n platelet:n protime:n stage:o"
}
SOURCES = {
    "physionet2012": ("physionet2012_set_a", PHYSIONET, "in_hospital_death"),
    "hannover": ("hannover_covid_cxr", HANNOVER, "icu_ever"),
    "hannover_exams": ("hannover_covid_cxr", HANNOVER_EXAMS, "projection"),
    "pbcseq": ("pbcseq", PBCSEQ, "status"),
    "pbc": ("pbcseq", PBC, "status"),
}
"""Name to folder, tables, target; the exams have none of their own, and any column will do."""


def parse(text: str, apart: str | None = None) -> dict[str, tuple[set[str], bool]]:
    """Column to the kinds it may have, and whether it must not be an input."""
    found = {}
    for item in text.split(apart):
        name, _, kind = item.strip().rpartition(":")
        found[name] = (KINDS[kind.rstrip("!")], kind.endswith("!"))
    return found
