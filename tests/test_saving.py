import zipfile

import keras
import numpy as np
import pytest
from tiny import blank, make_inputs, make_model

from hybrid_zoo.errors import ConfigError, CorruptArtifactError
from hybrid_zoo.hybrid import HybridOptions
from hybrid_zoo.saving import load, save


@pytest.fixture(scope="module")
def model():
    options = HybridOptions(auxiliary=0.7, bag="max", class_weight={"death": [0.5, 2.0]})
    built = make_model(targets={"death": 2, "stage": 3}, options=options)
    built.get_layer("death_calibration").fit_to(1.7, -0.4)
    return built


@pytest.fixture
def path(model, tmp_path):
    return save(model, tmp_path / "model.keras")


def labels():
    rng = np.random.default_rng(0)
    return {t: rng.integers(0, 2, (24, 1)).astype("float32") for t in ("death", "stage")}


def test_a_loaded_hybrid_predicts_the_same_for_present_and_absent_inputs(model, path):
    again = load(path)
    for inputs in (make_inputs(), blank(make_inputs(), ("image", "tokens"))):
        expected, found = model(inputs), again(inputs)
        for target in ("death", "stage"):
            np.testing.assert_array_equal(found[target], expected[target])


def test_a_loaded_hybrid_keeps_everything_that_training_needs(model, path):
    again = load(path)
    assert again.auxiliary == 0.7 and again.targets == ["death", "stage"]
    np.testing.assert_array_equal(again.loss["death"].class_weight, [0.5, 2.0])
    again.fit(make_inputs(), labels(), verbose=0)


def test_a_loaded_hybrid_loses_as_much_as_the_saved_one(model, path):
    losses = [
        m.evaluate(make_inputs(), labels(), verbose=0, return_dict=True)["loss"]
        for m in (model, load(path))
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)


def test_only_keras_files_are_saved_and_loaded(model, tmp_path):
    with pytest.raises(ConfigError, match=r"'model.h5' must end in '.keras'"):
        save(model, tmp_path / "model.h5")
    with pytest.raises(ConfigError, match=r"nothing.keras is not a '.keras' file"):
        load(tmp_path / "nothing.keras")


@pytest.mark.parametrize("kept", [0, 40, 0.5, 0.999])
def test_a_truncated_file_is_refused(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(CorruptArtifactError, match=r"model.keras is truncated or no archive"):
        load(path)


def test_a_damaged_file_is_refused(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptArtifactError, match=r"model.keras (is damaged|cannot be rebuilt)"):
        load(path)


def test_an_archive_without_its_parts_is_refused(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(CorruptArtifactError, match=r"metadata.json.*model.weights.h5"):
        load(path)


def test_a_model_with_code_in_it_is_refused(tmp_path):
    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Lambda(lambda v: v * 2)(x))
    with pytest.raises(CorruptArtifactError, match=r"cannot be rebuilt"):
        load(save(model, tmp_path / "lambda.keras"))


def test_a_failed_save_leaves_the_old_file_and_no_draft(path, model, monkeypatch):
    before = path.read_bytes()

    def full_disk(self, draft):
        open(draft, "wb").close()
        raise OSError("No space left on device")

    monkeypatch.setattr(keras.Model, "save", full_disk)
    with pytest.raises(OSError, match="No space"):
        save(model, path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]
