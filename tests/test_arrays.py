import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from factories import cohort_tables, make_cohort
from PIL import Image

from hybrid_zoo.errors import CohortError, DataError
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.loading import hash_words


def frames(events, **options):
    samples = cohort_tables()["samples"]
    return Cohort.from_frames(
        samples, events=events, events_options=options, targets=["death"], tabular=["age"]
    )


def rows(*events):
    return pd.DataFrame(events, columns=["sample_id", "hours", "variable", "value"])


def test_the_grid_equals_a_hand_written_loop(cohort_folder):
    cohort = Cohort.read(cohort_folder)
    cells = {}
    for row in cohort.events.itertuples():
        key = (row.sample_id, min(int(row.hours), 11), row.variable)
        cells.setdefault(key, []).append(1.0 if row.variable == "Vent" else row.value)
    expected = np.full((40, 12, 3), np.nan)
    for (sample, step, variable), values in cells.items():
        expected[int(sample), step, ["HR", "Lactate", "Vent"].index(variable)] = np.mean(values)
    np.testing.assert_allclose(cohort.to_arrays().inputs["sequence"], expected, rtol=1e-6)


@pytest.mark.parametrize("step_hours", [2, None])
def test_the_order_of_the_rows_does_not_change_a_bit(step_hours):
    events = cohort_tables()["events"]
    first = frames(events, step_hours=step_hours).to_arrays()
    second = frames(events.sample(frac=1, random_state=1), step_hours=step_hours).to_arrays()
    for name in first.inputs:
        np.testing.assert_array_equal(first.inputs[name], second.inputs[name])


def test_a_row_at_end_hours_falls_into_the_last_step():
    arrays = frames(
        rows(("0000", 48, "HR", 7.0)), start_hours=0, end_hours=48, step_hours=1
    ).to_arrays()
    assert arrays.inputs["sequence"].shape == (40, 48, 1)
    assert arrays.inputs["sequence"][0, 47, 0] == 7.0
    assert arrays.step_hours == {"sequence": 1.0}


def test_an_open_window_has_the_steps_of_the_longest_sample():
    events = rows(("0000", -5, "HR", 1.0), ("0001", 3.5, "HR", 2.0))
    sequence = frames(events, step_hours=2).to_arrays().inputs["sequence"]
    assert sequence.shape == (40, 5, 1)
    assert sequence[0, 0, 0] == 1.0 and sequence[1, 4, 0] == 2.0


def test_a_step_boundary_survives_binary_fractions():
    events = rows(("0000", 0.3, "HR", 1.0))
    assert frames(events, step_hours=0.1).to_arrays().inputs["sequence"].shape[1] == 4


def test_irregular_steps_are_the_distinct_time_stamps():
    events = rows(
        ("0000", 5, "HR", 1.0), ("0000", 2, "K", 4.0), ("0000", 5, "HR", 3.0), ("0002", 9, "K", 5.0)
    )
    inputs = frames(events).to_arrays().inputs
    nan = np.nan
    np.testing.assert_array_equal(inputs["time"][[0, 1, 2]], [[2, 5], [nan, nan], [9, nan]])
    np.testing.assert_array_equal(inputs["sequence"][0], [[nan, 4], [2, nan]])


def test_each_sequence_modality_is_an_input_of_its_own():
    events = cohort_tables()["events"]
    events["modality"] = np.where(events["variable"] == "HR", "sequence_watch", "sequence")
    arrays = frames(events, sequence={"step_hours": 1}, sequence_watch={}).to_arrays()
    assert set(arrays.inputs) == {"sequence", "sequence_watch", "time_watch", "tabular"}
    assert arrays.columns["sequence_watch"] == ("HR",)


def test_a_mistyped_hour_does_not_ask_for_a_terabyte():
    with pytest.raises(CohortError, match="Set start_hours and end_hours"):
        frames(rows(("0000", 1e9, "HR", 1.0)), step_hours=1).to_arrays()


def test_a_declared_modality_without_a_row_is_all_nan(tmp_path):
    empty = {name: table.head(0) for name, table in cohort_tables().items() if name != "samples"}
    inputs = Cohort.read(make_cohort(tmp_path, tables=empty, shortcuts=[])).to_arrays().inputs
    assert inputs["image"].shape == (40, 1, 12, 16, 1) and np.isnan(inputs["image"]).all()
    assert inputs["sequence"].shape == (40, 12, 3) and np.isnan(inputs["sequence"]).all()
    assert inputs["tokens"].shape == (40, 8) and not inputs["tokens"].any()


def test_images_stand_in_order_of_hours_before_the_absent_ones(cohort_folder):
    cohort = Cohort.read(cohort_folder)
    bags = cohort.to_arrays().inputs["image"]
    own = cohort.images[cohort.images["sample_id"] == "0002"].sort_values("hours")
    for k, path in enumerate(own["path"]):
        with Image.open(cohort_folder / path) as image:
            width = round(14 * 16 / 12)
            box = ((20 - 14 * 16 / 12) / 2, 0, (20 + 14 * 16 / 12) / 2, 14)
            expected = image.convert("F").resize((16, 12), Image.Resampling.BILINEAR, box=box)
        assert width < 20
        np.testing.assert_array_equal(bags[2, k, :, :, 0], np.rint(np.asarray(expected)))
    assert np.isnan(bags[1]).all() and np.isnan(bags[0, 1]).all()


def one_image(tmp_path, image, name="x.png", channels=1, **save):
    image.save(tmp_path / name, **save)
    samples = cohort_tables()["samples"]
    images = pd.DataFrame({"sample_id": ["0000"], "path": [name]})
    options = {"size": [2, 3], "channels": channels}
    cohort = Cohort.from_frames(
        samples, images=images, images_options=options, folder=tmp_path, targets=["death"]
    )
    return cohort.to_arrays().inputs["image"][0, 0]


def test_a_16_bit_image_keeps_its_values(tmp_path):
    pixels = np.array([[0, 300, 65535], [1, 2, 40000]], dtype=np.uint16)
    stored = one_image(tmp_path, Image.fromarray(pixels), channels=3)
    np.testing.assert_array_equal(stored, np.repeat(pixels[..., None], 3, axis=-1))


def test_a_colour_image_keeps_its_channels_and_becomes_grey_on_request(tmp_path):
    pixels = np.arange(18, dtype=np.uint8).reshape(2, 3, 3)
    np.testing.assert_array_equal(one_image(tmp_path, Image.fromarray(pixels), channels=3), pixels)
    grey = one_image(tmp_path, Image.fromarray(pixels))
    assert grey.shape == (2, 3, 1) and grey[0, 0, 0] == 1


def test_the_rotation_that_exif_states_is_applied(tmp_path):
    pixels = np.arange(6, dtype=np.uint8).reshape(3, 2)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show rotated by 90 degrees clockwise
    upright = one_image(tmp_path, Image.fromarray(pixels), exif=exif)
    np.testing.assert_array_equal(upright[..., 0], np.rot90(pixels, -1))


def test_an_image_that_changed_after_the_check_is_named(cohort_folder):
    cohort = Cohort.read(cohort_folder)
    (cohort_folder / "images/0000_0.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"images/0000_0.png"):
        cohort.to_arrays()


def test_categories_are_codes_of_sorted_levels_and_labels_are_indices(cohort_folder):
    cohort = Cohort.read(cohort_folder)
    arrays = cohort.to_arrays()
    assert arrays.categories == {"sex": ("f", "m")}
    np.testing.assert_array_equal(arrays.inputs["tabular"][:, 1] == 1, cohort.samples["sex"] == "m")
    assert np.isnan(arrays.inputs["tabular"][3, 0])
    names = np.array(arrays.classes["stage"])[arrays.labels["stage"].astype(int)]
    np.testing.assert_array_equal(names, cohort.samples["stage"].astype(object))


def test_tokens_are_the_same_in_every_process(cohort_folder):
    words = hash_words(["Short of breath, café", "SHORT"])
    assert words[0] == words[4] and all(1 <= word <= 8191 for word in words)
    command = "from hybrid_zoo.pipelines.loading import hash_words as h; print(h(['short of breath caf\\u00e9']))"
    other = subprocess.run(
        [sys.executable, "-c", command], capture_output=True, text=True, check=True
    )
    assert other.stdout.strip() == str(words[:4])
    np.testing.assert_array_equal(
        Cohort.read(cohort_folder).to_arrays().inputs["tokens"][0, :5], [*words[:4], 0]
    )


def test_pipelines_import_without_tensorflow():
    code = "import sys, hybrid_zoo.pipelines.cohort; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
