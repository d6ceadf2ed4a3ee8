"""From fused features to a calibrated probability per target."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("hybrid_zoo")
class Calibration(keras.layers.Layer):
    """Recalibrate a logit; the identity until fitted.

    Binary targets get `slope * logit + intercept`, multiclass ones `slope * logits`, whose inverse
    slope is the temperature.

    Source:
        Cox 1958 (logistic recalibration); Guo et al. 2017, arXiv:1706.04599, equation 9
        (temperature).
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(trainable=False, dtype="float32", **kwargs)

    def build(self, input_shape: tuple) -> None:
        """Create slope 1 and intercept 0."""
        self.slope = self.add_weight(shape=(), name="slope", initializer="ones", trainable=False)
        self.intercept = self.add_weight(
            shape=(), name="intercept", initializer="zeros", trainable=False
        )

    def call(self, logits: keras.KerasTensor) -> keras.KerasTensor:
        """Return recalibrated logits of the same shape."""
        return ops.cast(logits, "float32") * self.slope + self.intercept

    def fit_to(self, slope: float, intercept: float = 0.0) -> None:
        """Set what was fitted on out-of-fold predictions.

        Args:
            slope: Positive, so that the order of patients stays.
            intercept: Shift of the logit; 0 for multiclass.
        """
        self.slope.assign(slope)
        self.intercept.assign(intercept)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        config = super().get_config()
        return {"name": config["name"]}


@keras.saving.register_keras_serializable("hybrid_zoo")
class SumOfExperts(keras.layers.Layer):
    """Add what each present modality says on its own to what the fusion says.

    No gradient flows back through the sum: each modality's logit learns from its own loss alone,
    so that one easy modality cannot silence the others. In training the modalities' own logits
    are left out for half of the samples, and outside of it they count half: where they have
    learned the training labels by heart, the fusion still has something left to learn.

    Args:
        rate: Share of samples for which they are left out.
        seed: Of the draws.

    Source:
        Hinton 2002, doi:10.1162/089976602760128018: a product of experts is a sum of logits;
        Srivastava et al. 2014, JMLR 15:1929 (dropout), here of whole experts.
    """

    def __init__(self, rate: float = 0.5, seed: int | None = None, **kwargs) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, joint, own, presence, training=None):
        """Return `(batch, classes)` logits.

        Args:
            joint: `(batch, classes)` logits of the fused features.
            own: One such tensor per modality.
            presence: One `(batch, 1)` tensor of 0 and 1 per modality.
            training: Whether experts are left out.
        """
        pairs = zip(own, presence, strict=True)
        said = sum(ops.stop_gradient(logit) * there for logit, there in pairs)
        if not training:
            return joint + (1 - self.rate) * said
        shape = (ops.shape(joint)[0], 1)
        heard = keras.random.uniform(shape, seed=self.seed_generator) >= self.rate
        return joint + ops.cast(heard, "float32") * said

    def compute_output_spec(self, joint, own, presence, training=None):
        """Return the symbolic output."""
        return keras.KerasTensor(joint.shape, dtype="float32")

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable("hybrid_zoo")
class MeanOfExperts(keras.layers.Layer):
    """Average what the present modalities say; 0 where there are none.

    Source:
        Huang et al. 2020, doi:10.1038/s41746-020-00341-z: late fusion by averaging.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)

    def call(self, own, presence):
        """Return `(batch, classes)` logits.

        Args:
            own: One `(batch, classes)` tensor of logits per modality.
            presence: One `(batch, 1)` tensor of 0 and 1 per modality.
        """
        total = sum(logit * there for logit, there in zip(own, presence, strict=True))
        return total / ops.maximum(sum(presence), 1.0)


def logit_head(features: keras.KerasTensor, classes: int, name: str) -> keras.KerasTensor:
    """Apply a float32 dense layer without activation.

    Args:
        features: `(batch, width)`.
        classes: 1 for a binary target, else the number of classes.
        name: The layer's name.

    Returns:
        `(batch, classes)` float32 logits, also under mixed precision.
    """
    return keras.layers.Dense(classes, dtype="float32", name=name)(features)


def probability_head(logits: keras.KerasTensor, classes: int, name: str) -> keras.KerasTensor:
    """Calibrate logits and turn them into probabilities.

    Args:
        logits: `(batch, classes)`.
        classes: 1 for a binary target, else the number of classes.
        name: The target; also the output's name.

    Returns:
        `(batch, classes)` probabilities.
    """
    calibrated = Calibration(name=f"{name}_calibration")(logits)
    activation = "sigmoid" if classes == 1 else "softmax"
    return keras.layers.Activation(activation, dtype="float32", name=name)(calibrated)
