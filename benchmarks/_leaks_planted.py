"""Twenty-four leaks to plant into an honest ward: four forms of each kind of alarm."""

import io
from collections.abc import Callable

import numpy as np
import pandas as pd
from _leaks_cohorts import NORMAL, SIDE, WORDS, Ward, png
from PIL import Image


def _column(ward: Ward, name: str, values, kind: str) -> Ward:
    ward.samples[name] = values
    ward.config["tabular"][name] = {"kind": kind}
    return ward


def _base(seed: int) -> Ward:
    return Ward(seed).add_series().add_notes()


def falling_number(seed: int) -> Ward:
    """A score that is low in those with the event: AUROC .98."""
    ward = _base(seed)
    values = 50 - 6 * (2.9 * ward.event + ward.rng.standard_normal(ward.size))
    return _column(ward, "index_b", values.round(2), "numeric")


def late_codes(seed: int) -> Ward:
    """Forty codes, a quarter of them given only to those with the event."""
    ward = _base(seed)
    sick = ward.rng.integers(0, 10, ward.size)
    codes = np.where(ward.event == 1, sick, ward.rng.integers(10, 40, ward.size))
    return _column(ward, "code", [f"k{code}" for code in codes], "categorical")


def last_value(seed: int) -> Ward:
    """A dose that is right until the end, where it jumps for those with the event."""
    ward = _base(seed)
    sample = np.repeat(np.arange(ward.size), 6)
    hours = np.tile(np.linspace(4, 47, 6), ward.size)
    jump = 3.2 * ward.event[sample] * (hours > 40)
    rows = {"sample_id": ward.ids[sample], "hours": hours, "variable": "dose"}
    dose = pd.DataFrame({**rows, "value": 10 + jump + ward.rng.standard_normal(len(sample))})
    ward.tables["events"] = pd.concat([ward.tables["events"], dose])
    return ward


def picture_shortcut(seed: int) -> Ward:
    """A declared shortcut of the images table that is the label in a middle code."""
    ward = Ward(seed).add_pictures()
    others = ward.rng.choice([1, 3], ward.size)
    ward.tables["images"]["station"] = np.where(ward.event == 1, 2, others)
    ward.config["shortcuts"] = ["station"]
    return ward


def stay(seed: int) -> Ward:
    """The length of stay, hardly related to the event."""
    ward = _base(seed)
    return _column(ward, "LOS_days", ward.rng.exponential(6, ward.size).round(1), "numeric")


def written_dates(seed: int) -> Ward:
    """Dates as German text, under a name that says nothing."""
    ward = _base(seed)
    days = pd.Timestamp("2021-03-01") + pd.to_timedelta(ward.rng.integers(0, 900, ward.size), "D")
    return _column(ward, "feld_7", days.strftime("%d.%m.%Y"), "categorical")


def serial_dates(seed: int) -> Ward:
    """Dates as Excel counts them."""
    ward = _base(seed)
    return _column(ward, "x4", ward.rng.integers(44000, 45500, ward.size), "numeric")


def french_variable(seed: int) -> Ward:
    """A variable of the series named after the discharge."""
    ward = _base(seed)
    events = ward.tables["events"]
    events.loc[events["variable"] == "urea", "variable"] = "délai_sortie"
    return ward


def _copy(seed: int, change: Callable[[np.ndarray], bytes]) -> Ward:
    """Give one patient the picture of another."""
    ward = Ward(seed).add_pictures()
    source, target = ward.rng.choice(np.arange(10, ward.size), 2, replace=False)
    names = ward.tables["images"]["path"]
    with Image.open(io.BytesIO(ward.files[names[source]])) as picture:
        ward.files[names[target]] = change(np.asarray(picture, dtype=float))
    return ward


def _resized(pixels: np.ndarray) -> bytes:
    picture = Image.fromarray(pixels.astype(np.uint8)).resize((3 * SIDE, 3 * SIDE))
    return png(np.asarray(picture))


def _note(seed: int, change: Callable[[str], str], copies: int = 1, words: int = 40) -> Ward:
    """Give some patients the note of another."""
    ward = _base(seed)
    notes = ward.tables["notes"]
    text = " ".join(ward.rng.choice(WORDS, words))
    rows = ward.rng.choice(ward.size, copies + 1, replace=False)
    notes.loc[rows[0], "text"] = text
    notes.loc[rows[1:], "text"] = change(text)
    return ward


def open_window(seed: int) -> Ward:
    """Two weeks of values and no end of the window anywhere."""
    ward = Ward(seed).add_series(hours=336)
    del ward.config["events"]["end_hours"]
    return ward


def one_open_window(seed: int) -> Ward:
    """Notes that run on after the window of the series."""
    ward = _base(seed)
    del ward.config["notes"]["end_hours"]
    ward.tables["notes"]["hours"] *= 8
    return ward


def pictures_without_hours(seed: int) -> Ward:
    """Pictures of any time beside series that are cut off."""
    ward = Ward(seed).add_series().add_pictures()
    del ward.tables["images"]["hours"]
    return ward


def minutes(seed: int) -> Ward:
    """Minutes where hours should be."""
    ward = _base(seed)
    ward.tables["events"]["hours"] *= 60
    return ward


def ordered_late(seed: int) -> Ward:
    """A column filled in for those with the event, mostly."""
    ward = _base(seed)
    known = ward.rng.random(ward.size) < np.where(ward.event == 1, 0.96, 0.02)
    values = ward.rng.normal(5, 1, ward.size).round(2)
    return _column(ward, "procalcitonin", np.where(known, values, np.nan), "numeric")


def measured_often(seed: int) -> Ward:
    """A laboratory value taken again and again once the event is there."""
    ward = _base(seed)
    extra = np.repeat(np.arange(ward.size), ward.rng.poisson(9 * ward.event))
    rows = {"sample_id": ward.ids[extra], "hours": ward.rng.uniform(0, 48, len(extra))}
    more = pd.DataFrame({**rows, "variable": "lactate", "value": 1.5})
    ward.tables["events"] = pd.concat([ward.tables["events"], more])
    return ward


def together(seed: int) -> Ward:
    """Eight columns, each a little more often known with the event."""
    ward = _base(seed)
    for k in range(8):
        known = ward.rng.random(ward.size) < np.where(ward.event == 1, 0.8, 0.3)
        _column(
            ward, f"lab_{k}", np.where(known, ward.rng.normal(size=ward.size), np.nan), "numeric"
        )
    return ward


def pictured(seed: int) -> Ward:
    """Pictures of those with the event, mostly."""
    ward = Ward(seed).add_pictures()
    images = ward.tables["images"]
    keep = ward.rng.random(ward.size) < np.where(ward.event == 1, 0.97, 0.04)
    ward.tables["images"] = images[keep]
    return ward


PLANTED: dict[str, dict[str, Callable[[int], Ward]]] = {
    "column": {
        "tabular index_b": falling_number,
        "tabular code": late_codes,
        "sequence dose": last_value,
        "shortcut station": picture_shortcut,
    },
    "name": {
        "tabular LOS_days": stay,
        "tabular feld_7": written_dates,
        "tabular x4": serial_dates,
        "sequence délai_sortie": french_variable,
    },
    "image": {
        "same bytes": lambda s: _copy(s, png),
        "JPEG": lambda s: _copy(s, lambda p: png(p, "JPEG", quality=75)),
        "brighter": lambda s: _copy(s, lambda p: png(1.08 * p + 6)),
        "resized": lambda s: _copy(s, _resized),
    },
    "note": {
        "as it is": lambda s: _note(s, str),
        "upper case": lambda s: _note(s, str.upper),
        "other spaces": lambda s: _note(s, lambda text: text.replace(" ", "\n  ")),
        "in eight patients": lambda s: _note(s, lambda text: NORMAL + text, copies=8, words=80),
    },
    "time": {
        "sequence": open_window,
        "tokens": one_open_window,
        "image": pictures_without_hours,
        "events": minutes,
    },
    "missingness": {
        "tabular procalcitonin": ordered_late,
        "sequence lactate": measured_often,
        "target sepsis": together,
        "image": pictured,
    },
}
"""Kind of alarm to where it must point, or the form, to a ward with that one leak."""
