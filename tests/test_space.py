import pytest
from keras_tuner import HyperParameters
from tiny import make_arrays

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.tuning.networks import Network
from hybrid_zoo.tuning.space import KNOBS, PARTS, Space, build_arguments, parts_of

ALL = ["image", "sequence", "tabular", "tokens", "fusion"]


def drawn(space, parts, **values):
    hp = HyperParameters()
    hp.values.update(values)
    return space.draw(hp, parts), hp


def test_the_space_covers_the_reviews_knobs_and_starts_at_the_default():
    config, hp = drawn(Space(), ["tabular"])
    assert {p.name for p in hp.space} == {"units", "dropout", "l2", "tabular"}
    assert config == Space().default(["tabular"]) == KNOBS | {"tabular": "mlp"}


def test_the_first_candidate_is_the_default_and_every_candidate_can_be_drawn():
    space = Space({"sequence": ["gru", "tcn"], "fusion": ["gated", "late"]})
    assert space.default(ALL)["sequence"] == "gru" and space.default(ALL)["fusion"] == "gated"
    config, hp = drawn(space, ALL, sequence="tcn", fusion="late")
    assert (config["sequence"], config["fusion"]) == ("tcn", "late")
    assert next(p for p in hp.space if p.name == "sequence").values == ["gru", "tcn"]


def test_only_the_drawn_component_brings_its_own_options():
    space = Space({"sequence": ["lstm", "tcn"]})
    config, hp = drawn(space, ["sequence"], sequence="lstm", **{"sequence.lstm.layers": 3})
    assert config["sequence.layers"] == 3
    assert {"sequence.lstm.layers", "sequence.tcn.layers"} <= {p.name for p in hp.space}


@pytest.mark.parametrize(
    ("part", "name", "option", "values"),
    [
        pytest.param(part, name, option, values, id=f"{part}-{name}-{option}")
        for part, registry in PARTS.items()
        for name, space in registry.spaces.items()
        for option, values in space.items()
    ],
)
def test_the_own_space_of_a_component_holds_its_default(part, name, option, values):
    config, _ = drawn(Space({part: [name]}), [part])
    assert config[f"{part}.{option}"] in values and len(values) > 1


def test_a_network_is_built_with_the_drawn_names_and_options():
    arrays = make_arrays()
    network = Network(arrays, ["sequence", "tabular"], space=Space({"sequence": ["gru"]}))
    config = network.default | {"sequence.layers": 3, "fusion": "gated"}
    rows = range(60)
    model = network.fit(config, list(rows), epochs=1).model
    encoder = model.get_layer("sequence_gru")
    assert sum("gru" in layer.name for layer in encoder.layers) == 3


def test_options_reach_the_builders():
    made = build_arguments(KNOBS | {"sequence": "lstm", "sequence.layers": 1, "tabular": "mlp"})
    assert made["tabular"] == "mlp" and made["sequence"].keywords == {"layers": 1}


def test_a_fixed_option_is_in_every_configuration_and_not_searched():
    space = Space({"sequence": {"lstm": {"layers": 1}, "tcn": {}}})
    assert space.default(["sequence"])["sequence.layers"] == 1
    config, hp = drawn(space, ["sequence"], sequence="lstm")
    assert config["sequence.layers"] == 1
    assert "sequence.lstm.layers" not in {p.name for p in hp.space}
    config, _ = drawn(space, ["sequence"], sequence="tcn", **{"sequence.tcn.layers": 3})
    assert config["sequence.layers"] == 3


def test_a_single_modality_has_no_fusion():
    assert parts_of(["sequence"]) == ["sequence"]
    assert parts_of(["image", "image_ct", "sequence"]) == ["image", "sequence", "fusion"]


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ({"sequence": ["grud_"]}, "Unknown sequence encoder 'grud_'. Did you mean 'grud'"),
        ({"fusions": ["late"]}, "unknown part 'fusions'. Did you mean 'fusion'"),
        ({"image": []}, "image got no name; known: "),
        ({"image": {"resnet50": {"wieghts": 1}}}, "no option 'wieghts' to fix. Did you mean 'weig"),
    ],
)
def test_an_impossible_space_is_refused(candidates, message):
    with pytest.raises(ConfigError, match=message):
        Space(candidates)
