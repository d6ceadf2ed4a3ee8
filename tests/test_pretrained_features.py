"""The baselines see what a pretrained encoder sees."""

import keras
import numpy as np
import pytest
from factories import make_cohort
from tiny import make_arrays

from hybrid_zoo import InputSpec
from hybrid_zoo.frozen import split_frozen
from hybrid_zoo.images import mobilenetv3_small
from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.studies.rivals import gather_features
from hybrid_zoo.tuning.baselines import BASELINES
from hybrid_zoo.tuning.features import row_features
from hybrid_zoo.tuning.frozen import FOLDER
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.pretrained import pretrained_features
from hybrid_zoo.tuning.same_information import SameInformation
from hybrid_zoo.tuning.space import Space

PICTURES = np.random.default_rng(0).uniform(0, 255, (24, 2, 32, 32, 1)).astype("float32")
PICTURES[1::3, 1] = PICTURES[::5] = np.nan


@pytest.fixture(scope="module")
def spec():
    return InputSpec.from_arrays({"image": PICTURES})


@pytest.fixture(scope="module")
def weights(tmp_path_factory, spec):
    path = tmp_path_factory.mktemp("weights") / "any.weights.h5"
    keras.utils.set_random_seed(1)
    mobilenetv3_small(spec).get_layer("backbone").save_weights(path)
    return str(path)


def cohort_arrays():
    arrays = make_arrays(24)
    arrays.inputs["image"] = PICTURES
    return arrays


def space(**options):
    return Space({"image": {"paper_cnn": {}, "mobilenetv3_small": options}})


@pytest.fixture(scope="module")
def learned(weights):
    """Of a backbone that a network trains further: it starts from these features."""
    return pretrained_features(cohort_arrays(), space(weights=weights, trainable=True))


def test_they_are_mean_and_maximum_of_the_frozen_backbone_over_the_images(spec, weights, learned):
    part, _ = split_frozen(mobilenetv3_small(spec, weights=weights, trainable=False))
    both = np.stack([part.predict(PICTURES[:, k], verbose=0) for k in (0, 1)], axis=1)
    both[np.isnan(PICTURES[..., 0, 0, 0])] = np.nan
    some = np.isfinite(both).any((1, 2))
    expected = np.concatenate([np.nanmean(both[some], 1), np.nanmax(both[some], 1)], axis=1)
    np.testing.assert_allclose(learned.values[some], expected, atol=1e-5)
    assert np.isnan(learned.values[~some]).all() and 0 < some.sum() < len(some)
    assert learned.names[576] == "image/mobilenetv3_small/maximum/0"


def test_without_given_weights_there_are_none():
    assert pretrained_features(cohort_arrays(), space(trainable=False)) is None
    assert pretrained_features(cohort_arrays(), Space()) is None


def test_every_baseline_of_the_same_information_gets_them_from_the_networks_own_file(
    tmp_path, weights
):
    images = {"size": [32, 32], "channels": 1, "max_per_sample": 2}
    cohort = Cohort.read(make_cohort(tmp_path / "cohort", images=images))
    baselines = {name: BASELINES[name] for name in ("svm", "missingness")}
    arrays, start = cohort.to_arrays(), space(weights=weights)
    plain = gather_features(baselines, cohort, arrays, Space())
    more = gather_features(baselines, cohort, arrays, start)
    assert more["svm"].shape[1] - plain["svm"].shape[1] == 2 * 576
    assert more["missingness"].shape == plain["missingness"].shape
    fixed = Space({"image": {"mobilenetv3_small": {"weights": weights, "trainable": False}}})
    network = Network(arrays, ["image"], space=fixed)
    network.fit(network.default, np.arange(20), epochs=1)
    assert len(list(tmp_path.rglob(f"{FOLDER}/*.npy"))) == 1


def test_they_become_components_of_their_own_whatever_their_unit(learned):
    whole = row_features(cohort_arrays(), ["image"]).join(learned)
    encoder = SameInformation().fit(whole)
    names = encoder.get_feature_names_out()
    own = encoder.transform(whole)[:, np.char.startswith(names.astype(str), "image/pca")]
    assert own.shape[1] > 2 and np.isfinite(own).all()
    scaled = learned.values.copy()
    scaled[:, ::2] *= 1000
    other = row_features(cohort_arrays(), ["image"]).join(
        type(learned)(values=scaled, names=learned.names, kinds=learned.kinds)
    )
    again = SameInformation().fit(other).transform(other)
    np.testing.assert_allclose(again, encoder.transform(whole), atol=1e-2)
