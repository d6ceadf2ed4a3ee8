"""A unit in which the modalities compete for every feature."""

import keras
from keras import ops

from hybrid_zoo.layers.attention_pool import masked_softmax
from hybrid_zoo.layers.full_precision import FullPrecision


@keras.saving.register_keras_serializable("hybrid_zoo")
class GatedUnit(FullPrecision):
    """Average one tanh branch per modality, each unit by weights of its own.

    A branch is `tanh(W_m x_m)`. The weights are the softmax, over the present modalities, of the
    scores `Z_m [x_1, ..., x_k]`; the last modality's score is 0, for a softmax knows differences
    only. With two modalities the first one's weight is then `sigmoid(Z [x_1, x_2])` and the
    other's the rest, the paper's bimodal unit to the letter and to the weight. For more the paper
    opens one independent sigmoid gate per modality; a softmax keeps what it has for two, an average
    that does not grow with the number of modalities. There is no bias, as in the paper.

    Args:
        units: Width of the result; at least 1.

    Source:
        Arevalo et al. 2017, arXiv:1702.01992, the equations of the bimodal unit.
    """

    def __init__(self, units: int, **kwargs) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self, features_shape: list, presence_shape: list) -> None:
        """Create a kernel per modality, and a gate for each but the last."""
        widths = [shape[-1] for shape in features_shape]
        self.kernels = [
            self.add_weight((width, self.units), name=f"kernel_{i}")
            for i, width in enumerate(widths)
        ]
        self.gates = [
            self.add_weight((sum(widths), self.units), name=f"gate_{i}")
            for i in range(len(widths) - 1)
        ]

    def call(
        self, features: list[keras.KerasTensor], presence: list[keras.KerasTensor]
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the average and the weights.

        Args:
            features: One `(batch, width)` tensor per modality; the widths may differ.
            presence: One `(batch, 1)` tensor of 0 and 1 per modality.

        Returns:
            `(batch, units)` and `(batch, modalities, units)`; zeros where nothing is present.
        """
        there = [mask > 0 for mask in presence]
        pairs = zip(features, there, strict=True)
        shown = [ops.where(mask, x, ops.zeros_like(x)) for x, mask in pairs]
        kernels = zip(shown, self.kernels, strict=True)
        branches = ops.stack([ops.tanh(ops.matmul(x, kernel)) for x, kernel in kernels], axis=1)
        together = ops.concatenate(shown, axis=1)
        scores = [ops.matmul(together, gate) for gate in self.gates]
        scores = ops.stack([*scores, ops.zeros_like(scores[0])], axis=1)
        mask = ops.cast(ops.stack(there, axis=1), scores.dtype)
        weights = masked_softmax(scores, mask)
        return ops.sum(weights * branches, axis=1), weights

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"units": self.units}
