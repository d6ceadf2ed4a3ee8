"""Tables that no rule of `init` was made for: three clinical spreadsheets and four public schemas.

The spreadsheets are made up, values too; of the schemas only the names are real, and every value is
drawn at random, so that nothing but the name can tell that a column knows the outcome.
"""

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 240

GERMAN = (
    "Fallnummer:i!|Pat.-Nr.:i!|Geschlecht:c|Geburtsdatum:d!|Alter bei Aufnahme:n|Aufnahmedatum:d"
    "|Größe [cm]:n|Gewicht [kg]:n|RR syst.:n|NIHSS Aufnahme:n|Hypertonie:c|VHF:c"
    "|Diabetes mellitus:c|Raucherstatus:c|Glukose (mg/dl):n|Lyse:c|Entlassungsdatum:d!"
    "|Verweildauer (Tage):n!|mRS 90 Tage:o!|Verstorben:c!|Station:c|Befundtext:t"
    "|Bemerkung:e|CT-Gerät:c"
)
ENGLISH = (
    "MRN:i!|Patient name:i!|DOB:d!|Date of surgery:d|Tumour size (mm):n|Grade:o|ER status:c|HER2:c"
    "|Nodes positive:n|Ki67 (%):n|Menopausal status:c|Chemotherapy:c|Recurrence:c!"
    "|Time to recurrence (months):n!|Last follow-up date:d!|Alive/Dead:c!|Cause of death:c!"
    "|Pathology report:t|Centre:c|Response to treatment:c!"
)
FRENCH = (
    "N° dossier:i!|Sexe:c|Âge:n|Date d'entrée:d|Poids (kg):n|FEVG (%):n|NT-proBNP:n|NYHA:o"
    "|ATCD d'infarctus:c|Diabète:c|Créatinine (µmol/l):n|Tabac:c|Date de sortie:d!"
    "|Durée de séjour (j):n!|Décès à 1 an:c!|Date du décès:d!|Réhospitalisation:c!|Devenir:c!"
    "|Service:c|Commentaire:t"
)
SPREADSHEETS = {
    "german": (GERMAN, "Verstorben"),
    "english": (ENGLISH, "Recurrence"),
    "french": (FRENCH, "Décès à 1 an"),
}
SCHEMAS = {
    # Knaus et al. 1995, SUPPORT
    "support2": (
        "hospdead",
        "age sex dzgroup dzclass num.co edu income scoma avtisst race meanbp wblc hrt resp temp "
        "pafi alb bili crea sod ph glucose bun urine adlp diabetes dementia",
        "death slos d.time charges totcst totmcst sfdm2",
    ),
    "tcga": (
        "vital_status",
        "gender race age_at_initial_pathologic_diagnosis ajcc_pathologic_tumor_stage "
        "histological_type initial_pathologic_dx_year menopause_status margin_status",
        "days_to_death days_to_last_followup new_tumor_event_type new_tumor_event_dx_days_to "
        "tumor_status treatment_outcome_first_course OS OS.time DSS DSS.time DFI PFI PFI.time "
        "cause_of_death death_days_to last_contact_days_to",
    ),
    "eicu": (
        "hospitaldischargestatus",
        "gender age ethnicity apacheadmissiondx admissionheight admissionweight unittype "
        "unitadmitsource hospitaladmitsource",
        "hospitaldischargeyear hospitaldischargeoffset hospitaldischargelocation "
        "unitdischargeoffset unitdischargelocation unitdischargestatus actualicumortality "
        "actualiculos actualhospitallos actualventdays unabridgedhosplos",
    ),
    "mimic": (
        "hospital_expire_flag",
        "gender anchor_age admission_type admission_location insurance language race",
        "dischtime deathtime discharge_location dod los los_icu outtime last_careunit "
        "mort_30d days_until_death icu_mortality",
    ),
}
"""Name to target, inputs, and columns that know the outcome; 26 of 45 before words were added."""

LATER = {
    "heart_failure": (
        "DEATH_EVENT",
        "age anaemia creatinine_phosphokinase diabetes ejection_fraction high_blood_pressure "
        "platelets serum_creatinine serum_sodium sex smoking",
        "time",
    ),
    "metabric": (
        "overall_survival",
        "age_at_diagnosis type_of_breast_surgery cancer_type cellularity chemotherapy er_status "
        "neoplasm_histologic_grade hormone_therapy lymph_nodes_examined_positive mutation_count "
        "nottingham_prognostic_index tumor_size tumor_stage",
        "overall_survival_months death_from_cancer rfs_status rfs_months",
    ),
    "covid_mexico": (
        "FALLECIDO",
        "SEXO EDAD DIABETES EPOC ASMA INMUSUPR HIPERTENSION OBESIDAD TABAQUISMO NEUMONIA EMBARAZO",
        "FECHA_DEF UCI INTUBADO",
    ),
    "gbsg2": ("cens", "horTh age menostat tsize tgrade pnodes progrec estrec", "time"),
    "seer": (
        "vital_status_recode",
        "sex race_recode age_recode grade_recode primary_site laterality cs_tumor_size "
        "regional_nodes_positive radiation_recode",
        "survival_months cod_to_site_recode seer_cause_specific_death_classification "
        "end_calc_vital_status year_of_follow_up_recode",
    ),
    "framingham": (
        "DEATH",
        "SEX TOTCHOL AGE SYSBP DIABP CURSMOKE CIGPDAY BMI DIABETES BPMEDS HEARTRTE GLUCOSE educ",
        "TIMEAP TIMEMI TIMEMIFC TIMECHD TIMESTRK TIMECVD TIMEDTH TIMEHYP",
    ),
    "german_registry": (
        "Exitus",
        "Aufnahmeanlass Hauptdiagnose Pflegegrad BMI Kreatinin Leukozyten Raucher Vorerkrankungen",
        "Entlassart Entlassgrund Todesursache Sterbedatum Liegezeit Verlegungsgrund "
        "Überlebensstatus Beatmungsstunden Wiederaufnahme_30T Nachsorge_Status",
    ),
    "french_registry": (
        "deces_j30",
        "sexe age poids IMC tabagisme HTA diabete creatinine hemoglobine leucocytes ECOG",
        "mode_sortie duree_hospit date_dernieres_nouvelles statut_vital delai_deces transfert_rea "
        "reprise_chirurgicale survie_globale",
    ),
}
"""The same; 26 of 40 when they were first measured, before words were added for them too."""


def write_spreadsheet(name: str, path: Path) -> Path:
    """Write one of the three as a hospital would: semicolons, decimal commas, Windows letters."""
    makers = {"german": german, "english": english, "french": french}
    frame = makers[name](np.random.default_rng(5))
    options = {"sep": ",", "encoding": "utf-8"}
    if name != "english":
        options = {"sep": ";", "decimal": ",", "encoding": "cp1252"}
    frame.to_csv(path, index=False, **options)
    return path


def german(rng: np.random.Generator) -> pd.DataFrame:
    admitted = _days(rng, "2021-01-01", 700)
    stay, dead = rng.integers(1, 40, ROWS), rng.random(ROWS) < 0.2
    yes = ("ja", "nein")
    columns = [
        [f"{9_000_000 + k * 7}" for k in range(ROWS)],
        [f"{k // 2:05d}" for k in rng.permutation(ROWS)],
        rng.choice(["m", "w"], ROWS),
        _days(rng, "1930-01-01", 18_000).dt.strftime("%d.%m.%Y"),
        rng.integers(38, 97, ROWS),
        admitted.dt.strftime("%d.%m.%Y"),
        rng.integers(150, 200, ROWS),
        rng.normal(78, 14, ROWS).round(1),
        rng.integers(95, 210, ROWS),
        rng.integers(0, 30, ROWS),
        rng.choice(yes, ROWS),
        rng.choice([*yes, "unbekannt"], ROWS),
        rng.choice(yes, ROWS),
        rng.choice(["nie", "ex", "aktiv", "k.A."], ROWS),
        rng.integers(60, 300, ROWS),
        rng.choice(yes, ROWS),
        (admitted + pd.to_timedelta(stay, unit="D")).dt.strftime("%d.%m.%Y"),
        stay,
        np.where(dead, 6, rng.integers(0, 6, ROWS)),
        np.where(dead, "ja", "nein"),
        rng.choice(["N1", "N2", "Stroke Unit"], ROWS),
        [
            f"Kein Nachweis einer Blutung, Fall {k}, Marklager altersentsprechend"
            for k in range(ROWS)
        ],
        [None] * ROWS,
        rng.choice(["Siemens", "Philips"], ROWS),
    ]
    return _named(GERMAN, columns)


def english(rng: np.random.Generator) -> pd.DataFrame:
    operated = _days(rng, "2015-01-01", 1500)
    again = rng.random(ROWS) < 0.25
    columns = [
        [f"MR{100000 + 13 * k}" for k in range(ROWS)],
        [f"Doe{k}, Jane" for k in range(ROWS)],
        _days(rng, "1940-01-01", 15_000).dt.strftime("%m/%d/%Y"),
        operated.dt.strftime("%m/%d/%Y"),
        rng.integers(4, 90, ROWS),
        rng.integers(1, 4, ROWS),
        rng.choice(["positive", "negative", "unknown"], ROWS),
        rng.choice(["0", "1+", "2+", "3+"], ROWS),
        rng.poisson(2, ROWS),
        rng.integers(1, 95, ROWS),
        rng.choice(["pre", "peri", "post"], ROWS),
        rng.choice(["Yes", "No"], ROWS),
        np.where(again, "Yes", "No"),
        np.where(again, rng.integers(3, 80, ROWS).astype(str), ""),
        (operated + pd.to_timedelta(rng.integers(200, 2000, ROWS), unit="D")).dt.strftime(
            "%m/%d/%Y"
        ),
        rng.choice(["Alive", "Dead"], ROWS),
        rng.choice(["cancer", "other", None], ROWS),
        [
            f"Invasive ductal carcinoma, margins clear, specimen {k}, no lymphovascular invasion"
            for k in range(ROWS)
        ],
        rng.choice(["North", "South", "East"], ROWS),
        rng.choice(["complete", "partial", "none", "stable"], ROWS),
    ]
    return _named(ENGLISH, columns)


def french(rng: np.random.Generator) -> pd.DataFrame:
    entry = _days(rng, "2019-01-01", 900)
    stay, dead = rng.integers(1, 30, ROWS), rng.random(ROWS) < 0.18
    last = entry + pd.to_timedelta(rng.integers(2, 360, ROWS), unit="D")
    columns = [
        [f"{20_000 + 3 * k}" for k in range(ROWS)],
        rng.choice(["F", "H"], ROWS),
        rng.integers(35, 95, ROWS),
        entry.dt.strftime("%d/%m/%Y"),
        rng.normal(75, 15, ROWS).round(1),
        rng.integers(15, 65, ROWS),
        rng.lognormal(7, 1, ROWS).round(0).astype(int),
        rng.integers(1, 5, ROWS),
        rng.choice(["oui", "non"], ROWS),
        rng.choice(["oui", "non", "NR"], ROWS),
        rng.normal(110, 40, ROWS).round(1),
        rng.choice(["actif", "sevré", "jamais"], ROWS),
        (entry + pd.to_timedelta(stay, unit="D")).dt.strftime("%d/%m/%Y"),
        stay,
        np.where(dead, "oui", "non"),
        last.dt.strftime("%d/%m/%Y").where(dead, None),
        rng.choice(["oui", "non"], ROWS),
        rng.choice(["domicile", "SSR", "EHPAD"], ROWS),
        rng.choice(["USIC", "cardio A", "cardio B"], ROWS),
        [
            f"Patient {k} suivi en ville, traitement optimisé à la dernière consultation"
            for k in range(ROWS)
        ],
    ]
    return _named(FRENCH, columns)


def schema(name: str, path: Path) -> Path:
    """Write a table with the names of a public schema and values that know nothing."""
    target, inputs, forbidden = (SCHEMAS | LATER)[name]
    rng = np.random.default_rng(6)
    frame = pd.DataFrame({"subject_id": [f"{10_000 + 17 * k}" for k in range(ROWS)]})
    frame[target] = rng.integers(0, 2, ROWS)
    for column in [*inputs.split(), *forbidden.split()]:
        frame[column] = rng.normal(50, 20, ROWS).round(2)
    frame.to_csv(path, index=False)
    return path


def _days(rng: np.random.Generator, first: str, spread: int) -> pd.Series:
    return pd.Timestamp(first) + pd.to_timedelta(pd.Series(rng.integers(0, spread, ROWS)), unit="D")


def _named(truth: str, columns: list) -> pd.DataFrame:
    names = [item.rpartition(":")[0] for item in truth.split("|")]
    return pd.DataFrame(dict(zip(names, columns, strict=True)))
