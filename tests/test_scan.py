"""Files are scanned in processes of their own; the manifest then speaks for them."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from factories import cohort_tables, make_cohort
from PIL import Image
from typer.testing import CliRunner

from hybrid_zoo.errors import CohortError, DataError
from hybrid_zoo.pipelines import scan as scanning
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.manifest import MANIFEST, manifest, read_manifest
from hybrid_zoo.pipelines.scan import scan
from hybrid_zoo.studies.cli import app


def write(folder: Path, *names: str) -> list[tuple[str, str]]:
    for number, name in enumerate(names):
        Image.fromarray(np.full((4, 5), number, np.uint8)).save(folder / name, "PNG")
    return [(name, "") for name in names]


def test_answers_come_in_order_and_say_what_is_in_a_file(tmp_path):
    jobs = write(tmp_path, *(f"{k}.png" for k in range(100)))
    found = scan(tmp_path, jobs)
    assert [entry.path for entry in found] == [name for name, _ in jobs]
    assert {(e.reason, e.shape, e.dtype) for e in found} == {("", "1x4x5x1", "uint8")}
    assert len({entry.sha256 for entry in found}) == 100
    assert found[0].bytes == (tmp_path / "0.png").stat().st_size


def test_names_in_any_script_and_with_line_breaks(tmp_path):
    jobs = write(tmp_path, "Röntgen.png", "胸部.png", "a\nb.png", 'quo"te.png')
    assert [entry.reason for entry in scan(tmp_path, jobs)] == [""] * 4


def test_nothing_to_scan(tmp_path):
    assert scan(tmp_path, []) == []


def test_a_file_that_takes_a_worker_down_is_named_and_the_others_are_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "_WORKER", "crashing_worker")
    monkeypatch.setattr(scanning, "SECONDS", 1)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    names = ["a.png", "crash.png", "b.png", "crash2.png", "hang.png", "c.png"]
    found = scan(tmp_path, write(tmp_path, *names))
    assert [entry.path for entry in found] == names
    killed = "decoder crashed, hung or ran out of memory"
    assert [entry.reason for entry in found] == ["", killed, "", killed, killed, ""]


def test_workers_that_cannot_start_are_not_taken_for_bad_files(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "_WORKER", "hybrid_zoo.no_such_module")
    with pytest.raises(OSError, match="does not start"):
        scan(tmp_path, write(tmp_path, "a.png"))


def test_a_worker_has_a_memory_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(scanning, "MEMORY", 200 * 2**20)
    Image.new("RGB", (8000, 8000)).save(tmp_path / "large.png")  # 192 MB, from 190 kB
    jobs = [("large.png", ""), *write(tmp_path, "small.png")]
    large, small = scan(tmp_path, jobs)
    assert "memory" in large.reason
    assert small.reason == ""


def test_validate_writes_a_manifest_that_is_then_trusted(cohort_folder, monkeypatch):
    assert CliRunner().invoke(app, ["validate", str(cohort_folder)]).exit_code == 0
    listed = read_manifest(cohort_folder)
    cohort = Cohort.read(cohort_folder)
    pd.testing.assert_frame_equal(listed.sort_index(), cohort.files.sort_index())
    seen = []
    again = Cohort.read(cohort_folder, progress=lambda *counts: seen.append(counts))
    assert again.equals(cohort) and seen == []  # no file was scanned
    Cohort.read(cohort_folder, progress=lambda *counts: seen.append(counts), rescan=True)
    assert len(seen) == len(listed)


def test_a_file_that_the_manifest_does_not_list_is_scanned(cohort_folder):
    first = Cohort.read(cohort_folder)
    first.files.iloc[:-1].to_csv(cohort_folder / MANIFEST)
    seen = []
    again = Cohort.read(cohort_folder, progress=lambda *counts: seen.append(counts))
    assert seen == [(1, 1)] and again.equals(first)


@pytest.mark.parametrize("change", ["gone", "longer", "same size"])
def test_a_file_that_changed_since_the_scan_is_an_error(cohort_folder, change):
    CliRunner().invoke(app, ["validate", str(cohort_folder)])
    name = read_manifest(cohort_folder).index[3]
    path = cohort_folder / name
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    if change == "gone":
        path.unlink()
    else:
        path.write_bytes(bytes(data) + b"more" * (change == "longer"))
    with pytest.raises(DataError, match=name) as caught:
        Cohort.read(cohort_folder).to_arrays()
    assert "validate" in str(caught.value)


def test_a_file_that_is_no_manifest_is_refused(cohort_folder):
    (cohort_folder / MANIFEST).write_text("name,size\na,1\n")
    with pytest.raises(CohortError, match=MANIFEST):
        Cohort.read(cohort_folder)


@pytest.mark.parametrize("path", ["../secret.png", "link.png"])
def test_a_manifest_opens_no_way_out_of_the_folder(tmp_path, path):
    images = cohort_tables()["images"]
    images.loc[0, "path"] = path
    folder = make_cohort(tmp_path / "cohort", tables={"images": images})
    (secret,) = scan(tmp_path, write(tmp_path, "secret.png"))
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    manifest([secret._replace(path=path)]).to_csv(folder / MANIFEST)
    assert Cohort.read(folder).quarantine["reason"].tolist() == ["outside the cohort folder"]


@pytest.mark.parametrize("line", ["{first}", "other.png,00,1,1x1x1x1,object"])
def test_a_manifest_with_a_file_twice_or_an_impossible_type_is_refused(cohort_folder, line):
    CliRunner().invoke(app, ["validate", str(cohort_folder)])
    path = cohort_folder / MANIFEST
    first = path.read_text().splitlines()[1]
    path.write_text(path.read_text() + line.format(first=first) + "\n")
    with pytest.raises(CohortError, match=MANIFEST):
        Cohort.read(cohort_folder)


def test_a_moved_cohort_keeps_its_manifest(cohort_folder, tmp_path):
    CliRunner().invoke(app, ["validate", str(cohort_folder)])
    moved = shutil.move(cohort_folder, tmp_path / "elsewhere")
    seen = []
    Cohort.read(moved, progress=lambda *counts: seen.append(counts)).to_arrays()
    assert seen == []


def test_images_of_every_format_in_one_cohort(tmp_path):
    from test_formats import dicom

    folder = make_cohort(tmp_path, images={"image": {"size": [14, 20], "max_per_sample": 2}})
    names = list(pd.read_csv(folder / "images.csv")["path"])
    pixels = np.arange(14 * 20, dtype=np.uint16).reshape(14, 20)
    (folder / names[0]).write_bytes(dicom(pixels))
    Image.fromarray(pixels.astype(np.uint8)).save(folder / names[1], "JPEG")
    cohort = Cohort.read(folder)
    assert cohort.quarantine.empty
    assert cohort.files.loc[names[0], "dtype"] == "uint16"
    bags = cohort.to_arrays().inputs["image"]
    sample = list(cohort.samples.index).index(names[0][7:11])
    assert any(np.array_equal(image[..., 0], pixels) for image in bags[sample])
