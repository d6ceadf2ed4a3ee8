"""Dropout and L2 whose strength is a weight, so that one traced graph serves a whole search."""

import math

import keras
from keras import ops


@keras.saving.register_keras_serializable("hybrid_zoo")
class VariableDropout(keras.layers.Layer):
    """Drop units in training at a rate that may change without a new trace.

    Args:
        rate: Share of units dropped, 0 to 1.

    Source:
        Srivastava et al. 2014, JMLR 15:1929, scaled in training; the same units as
        `keras.layers.Dropout` of the same seed.
    """

    def __init__(self, rate: float, **kwargs) -> None:
        super().__init__(**kwargs)
        self.initial_rate = rate
        self.seed_generator = keras.random.SeedGenerator()
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        """Create the rate as a weight that no optimiser touches."""
        self.rate = _knob(self, "rate", self.initial_rate)

    def call(self, x: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """Return the same shape, without some of it in training."""
        if not training:
            return x
        rate = ops.cast(self.rate, x.dtype)
        drawn = keras.random.uniform(ops.shape(x), dtype=x.dtype, seed=self.seed_generator)
        scaled = x / ops.maximum(1 - rate, keras.config.epsilon())
        return ops.where(drawn >= rate, scaled, ops.zeros_like(x))

    def compute_output_spec(self, x, training=False):
        """Return the symbolic output."""
        return keras.KerasTensor(x.shape, dtype=self.compute_dtype)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"rate": self.initial_rate}


@keras.saving.register_keras_serializable("hybrid_zoo")
class PenalizedDense(keras.layers.Dense):
    """A dense layer with an L2 penalty that may change without a new trace.

    Args:
        units: Width of the result.
        l2: Weight of the penalty.
        **kwargs: Of `keras.layers.Dense`.

    Source:
        Hoerl & Kennard 1970, doi:10.1080/00401706.1970.10488634; as `keras.regularizers.L2`.
    """

    def __init__(self, units: int, l2: float = 0.0, **kwargs) -> None:
        super().__init__(units, **kwargs)
        self.initial_l2 = l2
        self.strength = _Strength(
            l2, name="strength"
        )  # a layer, since `Dense` saves its kernel and bias alone

    @property
    def l2(self) -> keras.Variable:
        """Weight of the penalty."""
        return self.strength.l2

    def build(self, input_shape: tuple) -> None:
        """Create kernel and bias, and the penalty as a weight that no optimiser touches."""
        # Keras asks for the loss outside of `call`, where the kernel has its full precision.
        self.kernel_regularizer = _Penalty(self)
        super().build(input_shape)
        self.strength.build()

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        config = super().get_config()
        del config["kernel_regularizer"]
        return config | {"l2": self.initial_l2}


class _Strength(keras.layers.Layer):
    def __init__(self, l2: float, **kwargs) -> None:
        super().__init__(dtype="float32", **kwargs)
        self.initial_l2 = l2

    def build(self, input_shape: tuple | None = None) -> None:
        self.l2 = _knob(self, "l2", self.initial_l2)
        self.built = True


class _Penalty(keras.regularizers.Regularizer):
    def __init__(self, layer: PenalizedDense) -> None:
        self._layer = layer

    def __call__(self, x):
        return ops.convert_to_tensor(self._layer.l2) * ops.sum(ops.square(x))

    def get_config(self) -> dict:
        return {}


def count_parameters(model: keras.Model) -> int:
    """Return the number of weights, the statistics of layers included, knobs not.

    Args:
        model: A built model.
    """
    return sum(math.prod(weight.shape) for weight in model.weights if len(weight.shape))


def _knob(layer: keras.layers.Layer, name: str, value: float) -> keras.Variable:
    return layer.add_weight(
        shape=(),
        name=name,
        dtype="float32",
        trainable=False,
        autocast=False,
        initializer=keras.initializers.Constant(value),
    )
