"""A saved model is whole, comes back as it was, and is checked before it is built."""

import hashlib
import os
import stat
import sys
import tempfile
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import bad_configs  # noqa: F401 - fills the list of bad files
import bad_weights  # noqa: F401
import keras
import numpy as np
import pytest
from bad_models import BAD, flipped, make_good, pack, sealed
from tiny import blank, make_inputs, make_model

from hybrid_zoo.errors import ConfigError, CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.options import HybridOptions
from hybrid_zoo.saving import digest, load, save

TRAP = "open('sprung', 'w').close()\nclass Trap:\n    pass\ndef spring(x):\n    return x\n"


@pytest.fixture(scope="module")
def model():
    options = HybridOptions(auxiliary=0.7, bag="max", class_weight={"death": [0.5, 2.0]})
    built = make_model(targets={"death": 2, "stage": 3}, options=options)
    built.get_layer("death_calibration").fit_to(1.7, -0.4)
    return built


@pytest.fixture
def path(model, tmp_path):
    return save(model, tmp_path / "model.keras")


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.keras"
    made = make_good(path)
    load(path)  # the first model that is built takes longer
    return made


@pytest.fixture
def small():
    x = keras.Input((2,))
    return keras.Model(x, keras.layers.Dense(2, name="dense")(x))


# --- what is saved comes back


def test_a_loaded_hybrid_predicts_the_same_for_present_and_absent_inputs(model, path):
    again = load(path)
    for inputs in (make_inputs(), blank(make_inputs(), ("image", "tokens"))):
        expected, found = model(inputs), again(inputs)
        for target in ("death", "stage"):
            np.testing.assert_array_equal(found[target], expected[target])


def test_a_loaded_hybrid_keeps_everything_that_training_needs(model, path, monkeypatch):
    again, rng = load(path), np.random.default_rng(0)
    labels = {t: rng.integers(0, 2, (24, 1)).astype("float32") for t in ("death", "stage")}
    assert again.auxiliary == 0.7 and again.targets == ["death", "stage"]
    np.testing.assert_array_equal(again.loss["death"].class_weight, [0.5, 2.0])
    monkeypatch.setattr(model, "run_eagerly", True)  # tracing takes longer than one batch
    again.run_eagerly = True
    losses = [
        m.evaluate(make_inputs(), labels, verbose=0, return_dict=True)["loss"]
        for m in (model, again)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    again.fit(make_inputs(), labels, verbose=0)


def test_a_plain_keras_file_is_loaded_and_ours_is_read_by_plain_keras(small, tmp_path):
    small.save(tmp_path / "plain.keras")
    ours = save(small, tmp_path / "ours.keras")
    x = np.ones((3, 2), "float32")
    for again in (load(tmp_path / "plain.keras"), keras.saving.load_model(ours)):
        np.testing.assert_array_equal(again(x), small(x))


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "bfloat16"])
def test_half_precision_comes_back(policy, tmp_path):
    x = keras.Input((4,))
    model = keras.Model(x, keras.layers.Dense(3, dtype=policy)(x))
    model.compile("adam", "mse")
    again = load(save(model, tmp_path / "half.keras"))
    assert again.layers[1].dtype_policy.name == policy and again.optimizer.built
    np.testing.assert_array_equal(again.get_weights()[0], model.get_weights()[0])


def test_every_way_of_naming_a_part_of_keras_comes_back(tmp_path):
    x, codes = keras.Input((6, 4)), keras.Input((5,), dtype="int32")
    h = keras.ops.where(x > 0, x, float("nan"))[:, 1:]
    h = keras.layers.Bidirectional(keras.layers.GRU(3, kernel_constraint="max_norm"))(h)
    h = keras.layers.SpectralNormalization(keras.layers.Dense(3, keras.activations.gelu))(h)
    seen = keras.layers.IntegerLookup(vocabulary=[1, 2, 9], output_mode="multi_hot")(codes)
    model = keras.Model(
        [x, codes], keras.layers.Concatenate()([h, keras.ops.cast(seen, "float32")])
    )
    rate = keras.optimizers.schedules.CosineDecay(1e-3, 1_000_000)
    metrics = [keras.metrics.MeanMetricWrapper(keras.losses.mean_squared_error), keras.losses.huber]
    model.compile(keras.optimizers.AdamW(rate), "mse", metrics)
    again = load(save(model, tmp_path / "many.keras"))
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


# --- what a user registered is hers


def test_a_registered_class_and_function_come_back(tmp_path):
    @keras.saving.register_keras_serializable("mine")
    class Odd(keras.layers.Layer):
        def __init__(self, vocabulary="icd10", fill=float("nan"), **kwargs):
            super().__init__(**kwargs)
            self.vocabulary, self.fill = vocabulary, fill
            self.table = keras.Variable(np.eye(2), trainable=False)  # has its value at once

        def call(self, x):
            return bent(x @ self.table)

        def get_config(self):
            return super().get_config() | {"vocabulary": self.vocabulary, "fill": self.fill}

    @keras.saving.register_keras_serializable("mine")
    def bent(x):
        return keras.ops.sin(x)

    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Dense(2, activation=bent)(Odd(vocabulary="atc")(x)))
    again = load(save(model, tmp_path / "mine.keras"))
    assert again.layers[1].vocabulary == "atc" and again.layers[2].activation is bent


def test_an_unregistered_class_is_refused_when_saving_unless_a_scope_names_it(tmp_path):
    class Unknown(keras.layers.Dense):
        pass

    x, path = keras.Input((2,)), tmp_path / "unknown.keras"
    model = keras.Model(x, Unknown(2, name="encoder")(x))
    with pytest.raises(UnsafeArtifactError, match=r"Unknown' in Unknown 'encoder'.*register"):
        save(model, path)
    assert list(tmp_path.iterdir()) == []
    with keras.saving.custom_object_scope({"Unknown": Unknown}):
        assert isinstance(load(save(model, path)).layers[1], Unknown)


def test_a_model_with_code_in_it_is_not_saved(tmp_path):
    x = keras.Input((2,))
    model = keras.Model(x, keras.layers.Lambda(lambda v: v * 2)(x))
    with pytest.raises(UnsafeArtifactError, match=r"Lambda.* carries code"):
        save(model, tmp_path / "lambda.keras")


def test_unsafe_deserialization_switched_on_elsewhere_changes_nothing(small, tmp_path):
    x, path = keras.Input((2,)), tmp_path / "lambda.keras"
    keras.Model(x, keras.layers.Lambda(lambda v: v * 2)(x)).save(path)

    def attempt():
        keras.config.enable_unsafe_deserialization()  # for this thread
        with pytest.raises(UnsafeArtifactError, match="carries code"):
            load(path)
        return load(save(small, tmp_path / "small.keras"))

    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(attempt).result().get_layer("dense")


# --- the file is whole or not there


@pytest.mark.parametrize(
    ("function", "name", "words"),
    [
        (digest, "model.h5", "'model.h5' must end in '.keras'"),
        (load, "model.h5", "'model.h5' must end in '.keras'"),
        (load, "nothing.keras", "there is no file .*nothing.keras"),
        (load, "folder.keras", "there is no file .*folder.keras"),
    ],
)
def test_only_existing_keras_files_are_read(function, name, words, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ConfigError, match=words):
        function(tmp_path / name)


@pytest.mark.parametrize("name", ["model.h5", "model", "none/model.keras", "folder.keras"])
def test_only_keras_files_in_existing_folders_are_written(name, small, tmp_path):
    (tmp_path / "folder.keras").mkdir()
    with pytest.raises(ConfigError, match=r"must end in '.keras'|existing folder"):
        save(small, tmp_path / name)


@pytest.mark.parametrize("step", ["keras.Model.save", "os.replace", "os.fsync"])
def test_a_failed_save_leaves_the_old_file_and_no_draft(step, path, small, monkeypatch):
    before = path.read_bytes()

    def full_disk(*arguments):
        raise OSError("No space left on device")

    monkeypatch.setattr(step, full_disk)
    with pytest.raises(OSError, match="No space"):
        save(small, path)
    assert path.read_bytes() == before and [p.name for p in path.parent.iterdir()] == [path.name]


def test_file_and_folder_reach_the_disk_around_the_renaming(small, tmp_path, monkeypatch):
    steps, sync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda handle: steps.append("sync") or sync(handle))
    monkeypatch.setattr(os, "replace", lambda a, b: steps.append("replace") or replace(a, b))
    save(small, tmp_path / "model.keras")
    assert steps == ["sync", "replace", "sync"]


def test_a_new_file_follows_the_umask_and_a_replaced_one_keeps_its_mode(small, tmp_path):
    path = tmp_path / "model.keras"
    before = os.umask(0o027)
    try:
        assert stat.S_IMODE(save(small, path).stat().st_mode) == 0o640
        path.chmod(0o600)
        assert stat.S_IMODE(save(small, path).stat().st_mode) == 0o600
    finally:
        os.umask(before)


def test_a_link_stays_a_link_to_the_new_file(small, tmp_path):
    target, link = tmp_path / "first.keras", tmp_path / "link.keras"
    save(small, target)
    before = digest(target)
    link.symlink_to(target)
    small.get_layer("dense").bias.assign([1.0, 2.0])
    assert save(small, link) == link and link.is_symlink()
    assert digest(link) == digest(target) and digest(target) != before


# --- the digest


def test_the_digest_is_the_hash_of_all_before_it(small, tmp_path):
    path = save(small, tmp_path / "model.keras")
    content = path.read_bytes()
    assert digest(path) == hashlib.sha256(content[:-64]).hexdigest() == content[-64:].decode()
    small.save(path)
    assert digest(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_any_flipped_bit_and_any_cut_is_noticed(parts, tmp_path):
    content, path = sealed(parts), tmp_path / "model.keras"
    places = np.random.default_rng(0).choice(len(content) - 400, 200, replace=False)
    bad = [flipped(content, k) for k in (*places, *range(len(content) - 400, len(content)))]
    for broken in bad + [content[:k] for k in range(0, len(content), 401)]:
        path.write_bytes(broken)
        with pytest.raises(CorruptArtifactError, match=r"model.keras is (damaged|truncated)"):
            digest(path)


# --- bad files


@pytest.fixture
def trapped(tmp_path, monkeypatch):
    """An empty folder to work in, one for temporary files, and a module that tells of its import."""
    for name in ("work", "scratch", "library"):
        (tmp_path / name).mkdir()
    (tmp_path / "library" / "trap.py").write_text(TRAP)
    monkeypatch.syspath_prepend(tmp_path / "library")
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    return tmp_path


def test_there_are_at_least_a_hundred_bad_files_and_no_two_are_equal(parts):
    contents = {hashlib.sha256(bad.make(parts)).digest() for bad in BAD}
    assert len(contents) == len(BAD) >= 100 and pack(parts) not in contents


@pytest.mark.parametrize("bad", BAD, ids=[bad.name for bad in BAD])
def test_a_bad_file_is_refused_at_once_and_nothing_happens(bad, parts, trapped):
    path = trapped / "work" / "bad.keras"
    path.write_bytes(bad.make(parts))
    modules, before = set(sys.modules), sorted(trapped.rglob("*"))
    start = time.perf_counter()
    with pytest.raises(bad.error, match=bad.words) as caught:
        load(path)
    assert time.perf_counter() - start < 2
    assert str(caught.value).startswith("bad.keras") and len(str(caught.value)) < 700
    assert sorted(trapped.rglob("*")) == before and not set(sys.modules) & {"trap"} - modules


def test_the_good_parts_load_whether_packed_or_not(parts, tmp_path):
    for how in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = tmp_path / f"good-{how}.keras"
        path.write_bytes(pack(parts, compression=how))
        assert load(path).optimizer.built
