"""The model that `build_hybrid` returns: a Functional Keras model that also trains on its parts."""

import keras
from keras import ops

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.layers.lstm import stock_lstm
from hybrid_zoo.losses import KnownLabelLoss
from hybrid_zoo.registry import nearest

LOGIT = "_logit"
OF = "__"

JIT_COMPILE = "auto" if keras.backend.backend() == "jax" else False
"""What "auto" stands for. TensorFlow's is three times slower on a CPU, and compiles anew for every
length of a series; without it JAX would run every operation on its own."""


@keras.saving.register_keras_serializable("hybrid_zoo")
class HybridModel(keras.Model):
    """A Functional model from a dict of inputs to a dict of probabilities, one per target.

    In training its graph also yields, per target, the logit `{target}_logit` and one auxiliary
    logit per modality, `{target}_logit__{modality}`: the loss is taken on logits, and every encoder
    is asked to predict on its own.

    Args:
        inputs: Name to symbolic input.
        outputs: Target to probabilities, and the logits above.

    Source:
        Own design, because an auxiliary loss needs no second model for the user to handle; the
        loss itself as in the gradient-blending baseline of Wang et al. 2020, arXiv:1905.12681.
    """

    auxiliary = 0.0
    """Weight of the mean of the single-modality losses against the fused one.

    Not an argument: Keras saves the graph only of subclasses that keep Functional's constructor.
    """

    averaging = 0.0
    """Epochs that the running average of the weights reaches back in `fit`; not saved."""

    _asked_jit: bool | str = "auto"

    @property
    def targets(self) -> list[str]:
        """Names of the targets."""
        names = list(self.output)
        return [name for name in names if f"{name}{LOGIT}" in names]

    @property
    def logits(self) -> keras.Model:
        """A model of the same weights from the inputs to `{target}: (batch, classes)` logits.

        These are the logits before calibration.
        """
        graph = self.output
        return keras.Model(self.input, {t: graph[t + LOGIT] for t in self.targets})

    def call(self, inputs, training=None, mask=None):
        """Return probabilities by target; in training, the logits as well."""
        self._check_keys(inputs)
        outputs = super().call(inputs, training=training, mask=mask)
        return outputs if training else {name: outputs[name] for name in self.targets}

    def export(self, *args, **options):
        """Export as every Keras model does, with Keras's own LSTM: others lack our kernel.

        `hybrid_zoo.export` also compares what was written with the model.
        """
        with stock_lstm():
            super().export(*args, **options)

    def compile(self, *args, jit_compile="auto", **options):
        """Compile as every Keras model does, but never with TensorFlow's XLA unless asked.

        Args:
            *args: As of `keras.Model.compile`.
            jit_compile: True, False or "auto", which is `JIT_COMPILE`.
            **options: As of `keras.Model.compile`.
        """
        self._asked_jit = jit_compile
        chosen = JIT_COMPILE if jit_compile == "auto" else jit_compile
        super().compile(*args, jit_compile=chosen, **options)

    def get_compile_config(self) -> dict | None:
        """Return what was asked: what "auto" came to here is wrong on another machine."""
        config = super().get_compile_config()
        return config and config | {"jit_compile": self._asked_jit}

    def compile_from_config(self, config):
        """Compile as saved, which Keras leaves to those who have a `compile` of their own."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        if self.built:
            self.optimizer.build(self.trainable_variables)

    def make_train_function(self, force=False):
        """Build the optimiser first: otherwise the first step builds it, and is traced twice."""
        if self.optimizer is not None and not self.optimizer.built:
            self.optimizer.build(self.trainable_variables)
        return super().make_train_function(force)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the fused loss plus, in training, penalties and single-modality losses.

        Outside of training it is the labels' loss alone, so that early stopping watches how well
        the model predicts, not how small its weights are.
        """
        if not self._has_own_losses():
            fused = {name: y_pred[name] for name in self.targets}
            return super().compute_loss(x, y, fused, sample_weight, training)
        if not training:
            return sum(self.loss[t](y[t], y_pred[t]) for t in self.targets)
        total = sum(self.losses, ops.zeros(()))
        for target in self.targets:
            loss, logit = self.loss[target], target + LOGIT
            total += ops.mean(loss.from_logits(y[target], y_pred[logit]))
            parts = [name for name in y_pred if name.startswith(logit + OF)]
            for name in parts:
                share = self.auxiliary / len(parts)
                total += share * ops.mean(loss.from_logits(y[target], y_pred[name]))
        return total

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Return the metrics of the probabilities."""
        return super().compute_metrics(x, y, {t: y_pred[t] for t in self.targets}, sample_weight)

    def get_config(self) -> dict:
        """Return the graph and the weight of the auxiliary losses."""
        return super().get_config() | {"auxiliary": self.auxiliary}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Rebuild the graph, then the weight of the auxiliary losses."""
        auxiliary = config.pop("auxiliary", 0.0)
        model = super().from_config(config, custom_objects=custom_objects)
        model.auxiliary = auxiliary
        return model

    def _has_own_losses(self) -> bool:
        """Whether the model was compiled with losses that read logits; a user's own may not."""
        loss = getattr(self, "loss", None)
        return isinstance(loss, dict) and all(
            isinstance(loss.get(t), KnownLabelLoss) for t in self.targets
        )

    def _check_keys(self, inputs) -> None:
        """Refuse an extra key: Keras would feed the others in the wrong order.

        A missing key it refuses itself, by name.
        """
        expected = list(self.input)
        for name in inputs if isinstance(inputs, dict) else ():
            if name not in expected:
                raise ConfigError(
                    f"HybridModel got an input {name!r}.{nearest(name, expected)} "
                    f"Expected exactly {expected}; pass NaN arrays (zeros for tokens) where "
                    "nothing was observed."
                )
