import hashlib

import numpy as np
import pytest
from factories import cohort_tables, make_cohort
from PIL import Image

from hybrid_zoo.pipelines.cohort import Cohort


def found(cohort):
    return [tuple(row) for row in cohort.quarantine.itertuples(index=False)]


def test_a_valid_cohort_has_an_empty_quarantine_with_its_header(cohort_folder):
    quarantine = Cohort.read(cohort_folder).quarantine
    assert quarantine.empty
    assert list(quarantine) == ["table", "row", "file", "column", "reason"]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("age", "NA", "not a number"),
        ("age", "12,5", "not a number"),
        ("age", 121, "out of range"),
        ("age", "-inf", "not finite"),
        ("sofa", "high", "not a number"),
    ],
)
def test_a_bad_cell_is_quarantined_and_its_row_kept(tmp_path, column, value, reason):
    samples = cohort_tables()["samples"].astype({column: object})
    samples.loc[4, column] = value
    cohort = Cohort.read(make_cohort(tmp_path, tables={"samples": samples}))
    assert found(cohort) == [("samples", 5, "", column, reason)]
    assert len(cohort.samples) == 40 and np.isnan(cohort.samples[column].iloc[4])


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("sample_id", "nobody", "unknown sample"),
        ("hours", None, "hours missing"),
        ("hours", "noon", "not a number"),
        ("value", "high", "not a number"),
        ("value", "inf", "not finite"),
        ("value", 999, "out of range"),
        ("variable", None, "variable missing"),
    ],
)
def test_a_bad_event_is_quarantined_and_every_other_kept(tmp_path, column, value, reason):
    events = cohort_tables()["events"].assign(variable="HR").astype({column: object})
    events.loc[9, column] = value
    cohort = Cohort.read(make_cohort(tmp_path, tables={"events": events}))
    assert found(cohort) == [("events", 10, "", column, reason)]
    assert len(cohort.events) == len(events) - 1


def test_a_row_with_too_many_cells_is_quarantined_alone(cohort_folder):
    path = cohort_folder / "events.csv"
    lines = path.read_text().splitlines()
    lines[3] += ",7"
    path.write_text("\n".join(lines) + "\n\n")
    cohort = Cohort.read(cohort_folder)
    assert found(cohort)[0][:2] == ("events", 3)
    assert len(cohort.events) == len(lines) - 2


def test_an_unknown_modality_is_quarantined(tmp_path):
    events = cohort_tables()["events"].assign(modality="sequence")
    events.loc[0, "modality"] = "sequence_watch"
    cohort = Cohort.read(make_cohort(tmp_path, tables={"events": events}))
    assert found(cohort) == [("events", 1, "", "modality", "modality not in cohort.yaml")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "file empty"),
        (b"GIF89a" + bytes(40), "not a PNG, JPEG, DICOM or NIfTI file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), "image damaged or truncated"),
        (None, "file missing"),
    ],
)
def test_a_bad_image_file_is_quarantined_by_name(cohort_folder, content, reason):
    name = "images/0000_0.png"
    (cohort_folder / name).unlink()
    if content is not None:
        (cohort_folder / name).write_bytes(content)
    assert found(Cohort.read(cohort_folder)) == [("images", 1, name, "path", reason)]


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_truncated_image_is_quarantined(cohort_folder, kind):
    path = cohort_folder / "images/0000_0.png"
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    Image.fromarray(pixels).save(path, kind)
    path.write_bytes(path.read_bytes()[:-400])
    assert found(Cohort.read(cohort_folder))[0][4] == "image damaged or truncated"


def test_an_image_with_too_many_pixels_is_not_decoded(cohort_folder):
    path = cohort_folder / "images/0000_0.png"
    Image.new("1", (10_000, 10_000)).save(path)
    assert found(Cohort.read(cohort_folder))[0][4] == "too many pixels"


@pytest.mark.parametrize(
    "path", ["../secret.png", "images/../../secret.png", "link.png", "/etc/hostname"]
)
def test_a_path_that_leaves_the_folder_is_quarantined(tmp_path, path):
    images = cohort_tables()["images"]
    images.loc[0, "path"] = path
    folder = make_cohort(tmp_path / "cohort", tables={"images": images})
    Image.new("L", (4, 4)).save(tmp_path / "secret.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    assert found(Cohort.read(folder)) == [("images", 1, path, "path", "outside the cohort folder")]


def test_only_the_image_whose_hash_differs_is_quarantined(cohort_folder):
    images = cohort_tables()["images"]
    digests = [
        hashlib.sha256((cohort_folder / path).read_bytes()).hexdigest() for path in images["path"]
    ]
    digests[2] = digests[1]
    images.assign(sha256=digests).to_csv(cohort_folder / "images.csv", index=False)
    assert [row[1:5:3] for row in found(Cohort.read(cohort_folder))] == [(3, "sha256 differs")]


def test_progress_is_told_about_every_image(cohort_folder):
    seen = []
    Cohort.read(cohort_folder, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(k + 1, 40) for k in range(40)]
