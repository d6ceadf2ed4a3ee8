"""Which items of MIMIC-IV are which variables, by the item tables of its releases."""

from collections.abc import Mapping

# Item to variable; where several items measure one thing, they share its name.
CHART = {
    "220045": "HR",
    "220210": "RR",
    "224690": "RR",
    "220277": "SpO2",
    "220050": "SBP",
    "220179": "SBP",
    "220051": "DBP",
    "220180": "DBP",
    "220052": "MBP",
    "220181": "MBP",
    "223762": "Temp",
    "223761": "TempF",
    "220739": "GCSEye",
    "223900": "GCSVerbal",
    "223901": "GCSMotor",
    "223835": "FiO2",
}
LABS = {
    "50813": "Lactate",
    "50820": "pH",
    "50818": "PaCO2",
    "50821": "PaO2",
    "50868": "AnionGap",
    "50882": "HCO3",
    "50885": "Bilirubin",
    "50902": "Chloride",
    "50912": "Creatinine",
    "50931": "Glucose",
    "50960": "Mg",
    "50971": "K",
    "50983": "Na",
    "51006": "BUN",
    "51221": "HCT",
    "51222": "Hemoglobin",
    "51265": "Platelets",
    "51301": "WBC",
}
# Unit and the range outside of which a value is an artefact, wide on purpose.
VARIABLES: dict[str, tuple[str, float, float]] = {
    "HR": ("bpm", 0, 300),
    "RR": ("1/min", 0, 100),
    "SpO2": ("%", 10, 100),
    "SBP": ("mmHg", 1, 350),
    "DBP": ("mmHg", 1, 250),
    "MBP": ("mmHg", 1, 300),
    "Temp": ("Celsius", 20, 45),
    "GCSEye": ("points", 1, 4),
    "GCSVerbal": ("points", 1, 5),
    "GCSMotor": ("points", 1, 6),
    "FiO2": ("%", 20, 100),
    "Lactate": ("mmol/L", 0, 50),
    "pH": ("1", 6.3, 8.2),
    "PaCO2": ("mmHg", 2, 200),
    "PaO2": ("mmHg", 5, 700),
    "AnionGap": ("mEq/L", -20, 80),
    "HCO3": ("mEq/L", 1, 70),
    "Bilirubin": ("mg/dL", 0, 100),
    "Chloride": ("mEq/L", 50, 180),
    "Creatinine": ("mg/dL", 0, 40),
    "Glucose": ("mg/dL", 5, 2000),
    "Mg": ("mg/dL", 0, 15),
    "K": ("mEq/L", 0.5, 15),
    "Na": ("mEq/L", 80, 200),
    "BUN": ("mg/dL", 0, 300),
    "HCT": ("%", 3, 75),
    "Hemoglobin": ("g/dL", 0.5, 30),
    "Platelets": ("K/uL", 0, 3000),
    "WBC": ("K/uL", 0, 500),
}


def declared(variables: Mapping[str, tuple[str, float, float]]) -> dict[str, dict[str, object]]:
    """Return what cohort.yaml says of variables.

    Args:
        variables: Name to unit, lowest and highest value.
    """
    return {
        name: {"unit": unit, "range": [low, high]} for name, (unit, low, high) in variables.items()
    }
