import numpy as np
import pytest
from tiny import MODALITIES, make_inputs, make_spec

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.inputs import InputSpec, as_modality, kind_of
from hybrid_zoo.registries import FUSIONS, IMAGE_ENCODERS
from hybrid_zoo.registry import Registry, nearest

SEQUENCE = np.ones((4, 3, 2), "float32")


def test_a_spec_describes_the_arrays_in_their_order():
    spec = make_spec()
    assert spec.names == MODALITIES and [m.name for m in spec] == list(MODALITIES)
    assert spec["image"].shape == (None, 8, 8, 1) and spec["sequence"].shape == (None, 3)
    assert spec["tabular"].kinds == ("numeric", "categorical")
    assert spec["tokens"].dtype == "int32" and spec["tabular"].dtype == "float32"


def test_the_statistics_are_those_of_the_observed_cells_of_the_given_rows():
    inputs, rows = make_inputs(), np.array([0, 1, 5, 7])
    spec = InputSpec.from_arrays(inputs, rows=rows, categorical=(1,))
    for name, axes in (("sequence", (0, 1)), ("image", (0, 1, 2, 3))):
        seen = inputs[name][rows].astype("float64")
        np.testing.assert_allclose(spec[name].mean, np.nanmean(seen, axis=axes))
        np.testing.assert_allclose(spec[name].variance, np.nanvar(seen, axis=axes))


def test_rows_may_be_positions_or_a_mask():
    inputs, mask = make_inputs(), np.arange(24) < 9
    assert InputSpec.from_arrays(inputs, rows=mask) == InputSpec.from_arrays(
        inputs, rows=np.flatnonzero(mask)
    )


def test_other_rows_never_enter_the_statistics():
    inputs, rows = make_inputs(), np.arange(12)
    spec = InputSpec.from_arrays(inputs, rows=rows, categorical=(1,))
    other = {name: values.copy() for name, values in inputs.items()}
    for name in ("image", "sequence"):
        other[name][12:] *= 99
    other["tabular"][12:, 0] *= 99
    assert InputSpec.from_arrays(other, rows=rows, categorical=(1,)) == spec


def test_a_category_outside_the_training_rows_keeps_its_slot_but_is_not_known():
    codes = np.array([[0.0], [2.0], [np.nan], [3.0]])
    modality = InputSpec.from_arrays({"tabular": codes}, categorical=[0], rows=np.arange(3))
    assert modality["tabular"].known == ((True, False, True, False),)


def test_a_constant_an_empty_and_an_event_column_are_left_as_they_are():
    values = np.stack([np.full((4, 3), 5.0), np.full((4, 3), np.nan), np.ones((4, 3))], axis=-1)
    kinds = {"sequence": ["numeric", "numeric", "event"]}
    modality = InputSpec.from_arrays({"sequence": values}, kinds=kinds)["sequence"]
    assert modality.mean == (5, 0, 0) and modality.variance == (1, 1, 1)


def test_the_time_of_a_sequence_goes_with_it():
    arrays = {
        "sequence": SEQUENCE,
        "time": np.ones((4, 3)),
        "sequence_wearable": SEQUENCE,
        "time_wearable": np.ones((4, 3)),
        "tabular": np.ones((4, 2)),
    }
    spec = InputSpec.from_arrays(arrays)
    assert spec.only(["sequence_wearable"]).names == ("sequence_wearable", "time_wearable")
    assert spec.time_of(spec["sequence"]).name == "time"
    assert spec.time_of(spec["tabular"]) is None
    assert [m.name for m in spec.encoded] == ["sequence", "sequence_wearable", "tabular"]


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({}, "got no array"),
        ({"picture": np.zeros((2, 1, 8, 8, 1))}, "starts with its kind, got 'picture'"),
        ({"tabula": np.zeros((2, 3))}, "Did you mean 'tabular'"),
        ({"image": np.zeros((2, 8, 8, 1))}, "'image' needs 5 axes, the samples first, got 4"),
        ({"sequence": SEQUENCE, "tabular": np.zeros((3, 1))}, "unequal numbers of samples"),
    ],
)
def test_arrays_that_make_no_spec_are_refused(arrays, message):
    with pytest.raises(ConfigError, match=message):
        InputSpec.from_arrays(arrays)


def test_an_unknown_modality_is_named_with_the_nearest():
    spec = make_spec()
    assert "image" in spec and "imag" not in spec
    with pytest.raises(ConfigError, match=r"no modality 'imag'. Did you mean 'image'"):
        spec["imag"]


def test_an_encoder_reads_one_modality_of_its_kind():
    spec = InputSpec.from_arrays({"sequence": SEQUENCE, "sequence_wearable": SEQUENCE})
    assert as_modality(spec["sequence_wearable"], "sequence").name == "sequence_wearable"
    with pytest.raises(ConfigError, match=r"exactly one such modality, got .*sequence_wearable"):
        as_modality(spec, "sequence")
    assert kind_of("sequence_wearable") == "sequence"


def test_a_registry_names_the_nearest_and_refuses_a_second_claim():
    registry = Registry("toy")

    @registry.register
    def densenet(spec):
        return spec

    assert registry["densenet"] is densenet and "other" not in registry
    with pytest.raises(ConfigError, match=r"Unknown toy 'densnet'. Did you mean 'densenet'"):
        registry["densnet"]
    with pytest.raises(ConfigError, match="toy 'densenet' is already registered"):
        registry.register(densenet)


def test_the_registries_hold_the_architectures_of_the_review():
    assert "paper_cnn" in IMAGE_ENCODERS and "concat" in FUSIONS
    assert nearest("zzzz", IMAGE_ENCODERS) == ""
