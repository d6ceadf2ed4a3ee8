"""Keras's LSTM layer, on a CPU by a faster way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras
from keras import ops

STOCK = "HYBRID_ZOO_STOCK_LSTM"
"""Environment variable: anything but an empty text keeps Keras's own loop everywhere."""

_stock = ContextVar("stock", default=False)


@contextmanager
def stock_lstm() -> Iterator[None]:
    """Run what is traced in this block by Keras's own loop, as exports need it."""
    token = _stock.set(True)
    try:
        yield
    finally:
        _stock.reset(token)


@keras.saving.register_keras_serializable("hybrid_zoo")
class LSTM(keras.layers.LSTM):
    """A `keras.layers.LSTM` of the same arguments, weights and results, faster on a CPU.

    It takes its own way under the TensorFlow backend, where there is no GPU and numbers are
    float32; `is_fast` tells. Everything else runs as in Keras: layers too wide to gain anything
    (64 units and 230 features, or 96 and 100), other activations, dropout within the loop, states
    that are returned or kept, JAX, and what is traced within `stock_lstm()` or while
    `HYBRID_ZOO_STOCK_LSTM` is set. The own way has a first derivative only, and neither an
    XLA nor an ONNX form.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Return the last output, all outputs and the states, which no one reads if it is fast."""
        if not self.is_fast:
            return super().inner_loop(sequences, initial_state, mask, training)
        from hybrid_zoo.layers.lstm_on_cpu import lstm_on_cpu

        self.supports_jit = False
        mask = mask[0] if isinstance(mask, list | tuple) else mask
        if self.go_backwards:
            sequences = ops.flip(sequences, axis=1)
            mask = None if mask is None else ops.flip(mask, axis=1)
        weights = (self.cell.kernel, self.cell.recurrent_kernel, self.cell.bias)
        outputs = lstm_on_cpu(sequences, mask, tuple(initial_state), *weights)
        if mask is not None and self.zero_output_for_mask:
            outputs = ops.where(ops.expand_dims(mask, -1), outputs, 0.0)
        return outputs[:, -1], outputs, []

    @property
    def is_fast(self) -> bool:
        """Whether a call takes the own way, here and now; before it is built, if at all."""
        if keras.backend.backend() != "tensorflow" or _stock.get() or os.environ.get(STOCK):
            return False
        from hybrid_zoo.layers.lstm_on_cpu import is_faster

        features = self.cell.kernel.shape[0] if self.cell.built else 1
        return self._is_plain() and is_faster(features, self.units)

    def _is_plain(self) -> bool:
        usual = keras.activations.tanh, keras.activations.sigmoid
        special = [self.unroll, self.dropout, self.recurrent_dropout]
        special += [self.return_state, self.stateful]
        return (
            (self.cell.activation, self.cell.recurrent_activation) == usual
            and self.use_bias
            and not any(special)
            and self.compute_dtype == "float32"
        )
