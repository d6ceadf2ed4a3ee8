"""Decoded images are stored once, by content, and never seen in halves."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from factories import make_cohort
from PIL import Image

from hybrid_zoo.errors import DataError
from hybrid_zoo.inputs import InputSpec
from hybrid_zoo.pipelines import store
from hybrid_zoo.pipelines.bags import ImageBags
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.datasets import Batches
from hybrid_zoo.pipelines.fitting import fit
from hybrid_zoo.pipelines.manifest import manifest
from hybrid_zoo.pipelines.scan import scan
from hybrid_zoo.pipelines.schema import Images
from hybrid_zoo.pipelines.store import image_store, store_folder


@pytest.fixture
def files(tmp_path):
    """The manifest of 30 pictures; the last two are alike."""
    rng = np.random.default_rng(0)
    for k in range(30):
        pixels = rng.integers(0, 256, (8, 8), dtype=np.uint8) if k < 29 else pixels  # noqa: F821
        Image.fromarray(pixels).save(tmp_path / f"{k}.png")
    return manifest(scan(tmp_path, [(f"{k}.png", "") for k in range(30)]))


OPTIONS = Images(size=(8, 8))


def stores(folder):
    return sorted(path.name for path in folder.glob("*"))


def test_the_store_holds_each_content_once(files, tmp_path):
    pixels = image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    assert isinstance(pixels, np.memmap) and not pixels.flags.writeable
    assert pixels.shape == (29, 8, 8, 1) and pixels.dtype == np.uint8
    for k in range(29):
        with Image.open(tmp_path / f"{k}.png") as image:
            np.testing.assert_array_equal(pixels[k, ..., 0], np.asarray(image))


def test_a_second_call_reads_no_image(files, tmp_path):
    first = image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    for name in files.index:
        (tmp_path / name).unlink()
    again = image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    np.testing.assert_array_equal(first, again)


@pytest.mark.parametrize(
    "options",
    [{"size": (8, 9)}, {"channels": 3}, {"resize": "pad"}, {"window": (100, 50)}],
)
def test_other_options_make_another_store(files, tmp_path, options):
    image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    image_store(files, tmp_path, OPTIONS.model_copy(update=options), tmp_path / "store")
    assert len(stores(tmp_path / "store")) == 2


def test_another_content_makes_another_store(files, tmp_path):
    image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    image_store(files.iloc[1:], tmp_path, OPTIONS, tmp_path / "store")
    assert len(stores(tmp_path / "store")) == 2


def test_a_changed_file_stops_the_builder_and_leaves_nothing(files, tmp_path):
    Image.new("L", (8, 8)).save(tmp_path / "7.png")
    with pytest.raises(DataError, match=r"7\.png.*another content"):
        image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    assert stores(tmp_path / "store") == []


def test_a_full_disk_says_how_much_is_needed_and_keeps_the_older_store(
    files, tmp_path, monkeypatch
):
    image_store(files.iloc[1:], tmp_path, OPTIONS, tmp_path / "store")
    before = stores(tmp_path / "store")
    full = shutil.disk_usage(tmp_path)._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(OSError, match="MB are free") as caught:
        image_store(files, tmp_path, OPTIONS, tmp_path / "store")
    assert caught.value.errno == errno.ENOSPC and store.VARIABLE in str(caught.value)
    assert stores(tmp_path / "store") == before


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_disk_that_fills_up_while_writing_leaves_nothing(files, tmp_path, monkeypatch):
    where = tmp_path / "store"
    where.mkdir()
    monkeypatch.setattr(store.secrets, "token_hex", lambda size: "full")
    monkeypatch.setattr(store.Path, "open", lambda path, mode: open("/dev/full", "wb"))
    with pytest.raises(OSError, match="No space left"):
        image_store(files, tmp_path, OPTIONS, where)
    assert stores(where) == []


def test_old_stores_and_what_a_killed_builder_left_are_removed(files, tmp_path):
    where = tmp_path / "store"
    for size in range(4, 6 + store.KEPT):
        image_store(files, tmp_path, Images(size=(size, 8)), where)
    assert len(stores(where)) == store.KEPT + 1
    (where / "old.partial").touch()
    os.utime(where / "old.partial", (0, 0))
    (where / "fresh.partial").touch()
    image_store(files, tmp_path, Images(size=(40, 8)), where)
    assert [name for name in stores(where) if "partial" in name] == ["fresh.partial"]


def test_a_large_array_leaves_the_memory_and_a_small_one_stays(tmp_path):
    small = np.zeros(10, dtype=np.float32)
    assert store.array_store(small, tmp_path / "store") is small
    large = np.random.default_rng(0).random((2**22, 5), dtype=np.float32)[:, ::-1]
    stored = store.array_store(large, tmp_path / "store")
    assert isinstance(stored, np.memmap)
    np.testing.assert_array_equal(stored, large)
    assert len(stores(tmp_path / "store")) == 1
    store.array_store(large, tmp_path / "store")
    store.array_store(-large, tmp_path / "store")
    assert len(stores(tmp_path / "store")) == 2


BUILD = """
import sys
from pathlib import Path
from hybrid_zoo.pipelines import store
from hybrid_zoo.pipelines.manifest import read_manifest
from hybrid_zoo.pipelines.schema import Images
folder = Path(sys.argv[1])
store._BLOCK = 1
for number in range(200):
    print(number, flush=True)
    options = Images(size=(8, 8 + number))
    store.image_store(read_manifest(folder), folder, options, folder / "store")
"""


def test_killed_and_competing_builders_leave_only_whole_stores(files, tmp_path):
    files.to_csv(tmp_path / "manifest.csv")
    rng, seen = np.random.default_rng(0), set()
    for _ in range(10):
        two = [
            subprocess.Popen([sys.executable, "-c", BUILD, str(tmp_path)], stdout=subprocess.PIPE)
            for _ in range(2)
        ]
        for process in two:  # in the middle of a store; the ones before it are built or found
            for _ in range(rng.integers(2, 20)):
                process.stdout.readline()
        time.sleep(rng.uniform(0, 0.01))
        for process in two:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        for path in (tmp_path / "store").glob("*.npy"):
            width = np.load(path, mmap_mode="r").shape[2]
            seen.add(width)
            expected = np.stack(
                [
                    fit(np.asarray(Image.open(tmp_path / f"{k}.png"))[None, ..., None], options)
                    for options in [Images(size=(8, width))]
                    for k in range(29)
                ]
            )
            np.testing.assert_array_equal(np.load(path), expected)
    assert len(seen) >= 5


def test_a_store_of_another_user_can_be_read(files, tmp_path, monkeypatch):
    first = image_store(files, tmp_path, OPTIONS, tmp_path / "store")

    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(os, "utime", refuse)
    np.testing.assert_array_equal(image_store(files, tmp_path, OPTIONS, tmp_path / "store"), first)


def test_a_private_folder_that_others_can_open_is_not_used(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    monkeypatch.setattr(store.tempfile, "gettempdir", lambda: str(tmp_path))
    private = store_folder(tmp_path)
    private.chmod(0o755)
    with pytest.raises(PermissionError, match="open to others"):
        store_folder(tmp_path)
    private.rmdir()
    private.symlink_to(tmp_path)
    with pytest.raises(PermissionError, match="open to others"):
        store_folder(tmp_path)


def test_the_store_lies_beside_the_cohort_unless_told(tmp_path, monkeypatch):
    assert store_folder(tmp_path) == tmp_path / ".store"
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    private = store_folder(tmp_path)
    assert private != tmp_path / ".store" and private.stat().st_mode & 0o077 == 0
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "here"))
    assert store_folder(tmp_path) == tmp_path / "here"


def bags():
    pixels = np.random.default_rng(0).integers(0, 256, (5, 4, 3, 2), dtype=np.uint8)
    return ImageBags(pixels, np.array([[0, 1], [-1, -1], [4, -1], [2, 2]]))


def test_bags_index_like_the_array_they_stand_for():
    lazy = bags()
    whole = np.asarray(lazy)
    assert whole.dtype == np.float32 and whole.shape == lazy.shape == (4, 2, 4, 3, 2)
    assert np.isnan(whole[1]).all() and np.isnan(whole[2, 1]).all()
    np.testing.assert_array_equal(whole[0, 1], lazy.pixels[1])
    for key in (
        2,
        slice(1, 3),
        [3, 0],
        np.array([True, False, True, False]),
        (slice(None), 0),
        (1, 0, 2),
        np.array([], dtype=int),
    ):
        np.testing.assert_array_equal(lazy[key], whole[key])


@pytest.mark.parametrize("rows", [None, np.array([0, 3]), np.array([1])])
def test_a_spec_has_the_same_statistics_of_bags_as_of_arrays(rows):
    lazy = InputSpec.from_arrays({"image": bags()}, rows=rows)["image"]
    whole = InputSpec.from_arrays({"image": np.asarray(bags())}, rows=rows)["image"]
    assert (lazy.name, lazy.shape, lazy.columns) == (whole.name, whole.shape, whole.columns)
    np.testing.assert_allclose(lazy.mean, whole.mean, rtol=1e-12)
    np.testing.assert_allclose(lazy.variance, whole.variance, rtol=1e-10)


def test_constant_pixels_have_no_variance():
    dark = ImageBags(np.full((3, 4, 4, 1), 60_001, np.uint16), np.array([[0], [1], [2]]))
    assert InputSpec.from_arrays({"image": dark})["image"].variance == (1.0,)


def test_batches_of_bags_equal_batches_of_arrays():
    labels = {"y": np.arange(4.0)}
    for seed in (None, 3):
        lazy = Batches({"image": bags()}, labels).dataset(np.arange(4), batch_size=3, seed=seed)
        whole = Batches({"image": np.asarray(bags())}, labels)
        pairs = zip(lazy, whole.dataset(np.arange(4), batch_size=3, seed=seed), strict=True)
        for (x, y), (x2, y2) in pairs:
            np.testing.assert_array_equal(x["image"], x2["image"])
            np.testing.assert_array_equal(y["y"], y2["y"])
            assert x["image"].dtype == x2["image"].dtype


def test_pad_keeps_everything_and_crop_keeps_the_aspect_ratio():
    wide = np.full((1, 4, 8, 1), 9, dtype=np.uint8)
    wide[:, :, :2] = 50
    padded = fit(wide, Images(size=(8, 8), resize="pad"))[..., 0]
    assert (padded[:2] == 9).all() and (padded[-2:] == 9).all() and (padded[2:6, :2] == 50).all()
    cropped = fit(wide, Images(size=(4, 4), resize="crop"))[..., 0]
    np.testing.assert_array_equal(cropped, wide[0, :, 2:6, 0])


def test_a_window_spans_the_whole_range_between_its_edges():
    values = np.array([-2000, -160, 40, 240, 3000], dtype=np.int16).reshape(1, 1, 5, 1)
    found = fit(values, Images(size=(1, 5), window=(40, 400)))
    assert found.dtype == np.uint16
    assert found.ravel().tolist() == [0, 0, 32768, 65535, 65535]


def test_volumes_are_resampled_along_their_depth():
    ramp = np.broadcast_to(np.arange(0, 80, 10, dtype=np.uint8)[:, None, None, None], (8, 4, 4, 1))
    found = fit(np.ascontiguousarray(ramp), Images(size=(4, 4, 4)))
    assert found.shape == (4, 4, 4, 1)
    assert (np.diff(found[:, 0, 0, 0].astype(int)) > 0).all()
    assert fit(np.ascontiguousarray(ramp), Images(size=(4, 4)))[0, 0, 0] == 40  # the middle frame


def test_a_cohort_of_volumes(tmp_path):
    from test_formats import dicom

    images = {"volume_ct": {"size": [4, 6, 6], "window": [40, 400]}}
    folder = make_cohort(tmp_path, images=images, shortcuts=[])
    table = (folder / "images.csv").read_text().splitlines()
    rows = ["sample_id,path,modality"] + [
        ",".join(r.split(",")[:2]) + ",volume_ct" for r in table[1:]
    ]
    (folder / "images.csv").write_text("\n".join(rows))
    stored = np.random.default_rng(0).integers(-1000, 1000, (5, 6, 6)).astype(np.int16)
    for row in rows[1:]:
        (folder / row.split(",")[1]).write_bytes(dicom(stored))
    cohort = Cohort.read(folder)
    arrays = cohort.to_arrays()
    assert cohort.quarantine.empty
    assert arrays.inputs["volume_ct"].shape == (40, 3, 4, 6, 6, 1)
    assert InputSpec.from_arrays(arrays.inputs)["volume_ct"].shape == (None, 4, 6, 6, 1)
