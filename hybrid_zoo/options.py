"""What few need to change of a hybrid model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.registry import nearest

if TYPE_CHECKING:
    import keras

Dtype = Literal["float32", "mixed_bfloat16"]
DTYPES: tuple[str, ...] = get_args(Dtype)


@dataclass(frozen=True, kw_only=True)
class HybridOptions:
    """What few need to change.

    Args:
        auxiliary: Weight of the single-modality losses, whose logits add up with the fused one;
            0 leaves the fused features alone.
        self_supervised: Weight of the loss of telling a summary of its own input from an encoder's
            features; needs no labels, and none of it is left outside of training.
        modality_dropout: Share of present modalities hidden from the fusion in training.
        missing_token: Put a learned vector in the place of an absent modality.
        warm_start: Modality to a trained single-modality model whose encoder's weights are copied.
        bag: Pooling over a sample's images, by name: "mean", "max" or another of `bags`.
        augment: Strength from 0 (none) to 1 of turning, shifting and zooming images at random in
            training; they are never mirrored, since the heart is on the left.
        imputation: What encoders see in the gaps of tables and series. None: that something is
            missing and for how long, beside the mean and the last value. "mean": the training mean
            alone, of a category the mode. "forward_fill": of a series its last value alone.
        learning_rate: Of Adam.
        averaging: Epochs that the running average of the weights reaches back in `fit`; it is what
            is validated and kept. 0 keeps the last step's.
        clipnorm: Largest norm of a gradient; one odd batch must not throw the weights away.
        class_weight: Target to the weight of each class; all 1 where not given.
        metrics: Track AUROC (multiclass: accuracy) in `fit`; costs a little time per step.
        dtype: Keras's policy of the layers that are built: "float32" or "mixed_bfloat16"; None is
            the global policy. Bfloat16 halves what a layer hands on, and is faster where the
            machine multiplies bfloat16 (GPUs, CPUs with AMX or avx512_bf16), else slower; weights,
            raw inputs, statistics, logits and losses are float32 in any case. A builder of your
            own runs under it too, a model of your own stays as it was built.

    Raises:
        ConfigError: For another dtype.
    """

    auxiliary: float = 1.0
    self_supervised: float = 1.0
    modality_dropout: float = 0.0
    missing_token: bool = False
    warm_start: "Mapping[str, keras.Model] | None" = None
    bag: str = "mean"
    augment: float = 0.0
    imputation: str | None = None
    learning_rate: float = 1e-3
    averaging: float = 2.0
    clipnorm: float = 1.0
    class_weight: Mapping[str, Sequence[float]] | None = None
    metrics: bool = True
    dtype: Dtype | None = None

    def __post_init__(self) -> None:
        """Refuse a dtype here, where the user wrote it."""
        check_dtype("HybridOptions: dtype", self.dtype)


def check_dtype(who: str, dtype: object) -> None:
    """Refuse a policy that models are not built under.

    Args:
        who: Name of the option, for the message.
        dtype: What the user gave.

    Raises:
        ConfigError: For anything but None and the names of `DTYPES`.
    """
    if dtype is None or dtype in DTYPES:
        return
    half = str(dtype) in ("float16", "mixed_float16")
    why = " Small gradients become 0 in float16, for which no loss is scaled here." if half else ""
    raise ConfigError(
        f"{who} is {dtype!r}.{nearest(str(dtype), DTYPES)}{why} Expected None, which is Keras's "
        f"global policy, or one of {list(DTYPES)}."
    )
