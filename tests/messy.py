"""Makes the folders and spreadsheets that hospitals have, for tests of `init`."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

GERMAN = "Pat-ID;Geschlecht;Alter;Gewicht (kg);Aufnahme;Diabetes;Entlassung;Verweildauer;Verstorben"


def patients(rows: int = 60, seed: int = 0) -> pd.DataFrame:
    """Patients with the German names, decimal commas, dates and yes or no of a ward's table."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(80, 12, rows)
    admitted = pd.Timestamp("2022-03-01") + pd.to_timedelta(rng.integers(0, 300, rows), unit="D")
    stay = rng.integers(1, 30, rows)
    cells = [
        [f"{k + 1:04d}" for k in range(rows)],
        rng.choice(["m", "w"], rows),
        rng.integers(30, 95, rows),
        [f"{value:.1f}".replace(".", ",") for value in weight],
        admitted.strftime("%d.%m.%Y"),
        rng.choice(["ja", "nein", "k.A."], rows),
        (admitted + pd.to_timedelta(stay, unit="D")).strftime("%d.%m.%Y"),
        stay,
        np.where(rng.random(rows) < 0.03 * stay, "ja", "nein"),
    ]
    return pd.DataFrame(dict(zip(GERMAN.split(";"), cells, strict=True)))


def write_patients(path: Path, frame: pd.DataFrame | None = None, **options: object) -> Path:
    """Write them with semicolons, as a German Excel does."""
    frame = patients() if frame is None else frame
    frame.to_csv(path, **{"sep": ";", "index": False, "encoding": "cp1252"} | options)
    return path


def write_pictures(folder: Path, names: list[str], side: int = 16, seed: int = 0) -> Path:
    """Write a grey picture under each name."""
    rng = np.random.default_rng(seed)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8)).save(folder / name)
    return folder


def laboratory(ids: list[str], admitted: pd.Series, seed: int = 1) -> pd.DataFrame:
    """A long table: several measurements a day, with sodium among them."""
    rng = np.random.default_rng(seed)
    rows = len(ids) * 10
    who = rng.integers(0, len(ids), rows)
    when = pd.to_datetime(admitted, dayfirst=True).to_numpy()[who]
    when = pd.Series(when) + pd.to_timedelta(rng.integers(0, 40, rows), unit="h")
    return pd.DataFrame(
        {
            "Pat-ID": np.array(ids)[who],
            "Zeitpunkt": when.dt.strftime("%d.%m.%Y %H:%M"),
            "Parameter": rng.choice(["Na", "K", "CRP"], rows),
            "Wert": rng.normal(20, 5, rows).round(2),
        }
    )
