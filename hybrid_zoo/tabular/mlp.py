"""Dense layers over the columns of a record."""

import keras

from hybrid_zoo.inputs import InputSpec, Modality, as_modality
from hybrid_zoo.layers.dense import dense_block
from hybrid_zoo.layers.knobs import check_knobs
from hybrid_zoo.layers.tabular_inputs import tabular_inputs
from hybrid_zoo.registries import TABULAR_ENCODERS


@TABULAR_ENCODERS.register
def mlp(
    spec: InputSpec | Modality,
    *,
    layers: int = 2,
    units: int = 64,
    dropout: float = 0.3,
    l2: float = 1e-4,
    name: str = "mlp",
) -> keras.Model:
    """Stack dense layers over standardised numbers and one-hot categories.

    Args:
        spec: The tabular modality, or a spec with exactly one.
        layers: Number of dense layers; at least 1.
        units: Width of every layer and of the features; at least 1.
        dropout: Share of units dropped in training after each layer, 0 to 1.
        l2: Weight penalty.
        name: The model's name.

    Returns:
        A model from `(batch, columns)` raw values and codes, NaN for missing, to `(batch, units)`.

    Raises:
        ConfigError: For a spec without exactly one such modality, or an impossible knob.

    Source:
        Own design, because the review leaves its dense layers over EHR columns open.
    """
    check_knobs("mlp", layers=layers, units=units, dropout=dropout, l2=l2)
    modality = as_modality(spec, "tabular")
    columns = keras.Input(modality.shape, name=modality.name)
    x = tabular_inputs(modality, columns)
    for _ in range(layers):
        x = dense_block(x, units=units, dropout=dropout, l2=l2)
    return keras.Model(columns, x, name=name)
