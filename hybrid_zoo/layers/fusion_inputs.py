"""What a fusion reads of the modalities."""

from collections.abc import Collection
from typing import Any

import keras
from keras import ops

from hybrid_zoo.errors import ConfigError

_TOKEN = "_token"


def check_several(who: str, modalities: Collection[str]) -> None:
    """Refuse to fuse what is only one.

    Args:
        who: Name of the fusion, for the message.
        modalities: Names of what it is given.

    Raises:
        ConfigError: For fewer than two modalities.
    """
    if len(modalities) < 2:
        raise ConfigError(
            f"{who} got {list(modalities)}; expected at least two modalities to fuse. Give the "
            "model another one, or use the fusion 'concat', which also takes one alone."
        )


def modality_tokens(
    who: str,
    features: dict[str, keras.KerasTensor],
    presence: dict[str, keras.KerasTensor],
    units: int,
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Project every modality to one width and stack them.

    Each projection's bias is its modality's type embedding: what every token of it has in common.

    Args:
        who: Name of the fusion, for the layer's name and the message.
        features: Modality to `(batch, width)`; the widths may differ.
        presence: Modality to `(batch, 1)` of 0 and 1.
        units: Width of the tokens.

    Returns:
        `(batch, modalities, units)` in the order of the features, zero where absent, and
        `(batch, modalities)` bool, True where present.

    Raises:
        ConfigError: For fewer than two modalities.
    """
    check_several(who, features)
    tokens = [keras.layers.Dense(units, name=m + _TOKEN)(x) for m, x in features.items()]
    return StackTokens(name=f"{who}_tokens")(tokens, [presence[m] for m in features])


def stacked_modalities(node: Any) -> list[str]:
    """Return the names of the modalities that a call of `StackTokens` stacks, in order.

    Args:
        node: The call.
    """
    names = [tensor._keras_history.operation.name for tensor in node.input_tensors]
    return [name.removesuffix(_TOKEN) for name in names if name.endswith(_TOKEN)]


@keras.saving.register_keras_serializable("hybrid_zoo")
class StackTokens(keras.layers.Layer):
    """Stack one token per modality, whatever stands in the place of an absent one.

    Source:
        Own design, because a product with 0 would let an infinity through.
    """

    def call(
        self, tokens: list[keras.KerasTensor], presence: list[keras.KerasTensor]
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the tokens, zero where absent, and where they are present.

        Args:
            tokens: One `(batch, units)` tensor per modality.
            presence: One `(batch, 1)` tensor of 0 and 1 per modality.

        Returns:
            `(batch, modalities, units)` and `(batch, modalities)` bool.
        """
        there = ops.concatenate(presence, axis=1) > 0
        stacked = ops.stack(tokens, axis=1)
        return ops.where(ops.expand_dims(there, -1), stacked, ops.zeros_like(stacked)), there
