"""What a sequence encoder reads of a series with gaps."""

from collections.abc import Sequence

import keras
from keras import ops

from hybrid_zoo.inputs import Modality
from hybrid_zoo.layers.full_precision import FullPrecision
from hybrid_zoo.layers.masking import masked_max, masked_mean, observed, scrub
from hybrid_zoo.layers.standardize import standardize


@keras.saving.register_keras_serializable("hybrid_zoo")
class Occurrences(FullPrecision):
    """Make an event's 0 mean what its NaN means: it did not occur at this step.

    Args:
        events: Columns that hold events; at least one.

    Source:
        Own design, because arrays made by hand hold 0 where a cohort's grid holds NaN.
    """

    def __init__(self, events: Sequence[int], **kwargs) -> None:
        super().__init__(**kwargs)
        self.events = list(events)

    def call(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the same shape, an event's 0 replaced by NaN."""
        absent = ops.logical_and(_marks(self.events, x.shape[-1]), x == 0)
        return ops.where(absent, ops.full_like(x, float("nan")), x)

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"events": self.events}


@keras.saving.register_keras_serializable("hybrid_zoo")
class CarryForward(FullPrecision):
    """Give every step the last value, whether it is new, and how fresh it is.

    A value never seen so far is 0, the training mean, with freshness 0. An event has no value
    that lasts: it is 0 but where it occurs, and its freshness fades from there. The steps after the
    last observation are padding; the first step always counts, so that no mask is all False.

    Args:
        events: Columns that hold events.
        elapsed: Give, in place of the freshness, the steps or hours since the observation before
            this step, or since the first step where there is none.

    Source:
        Che et al. 2018, doi:10.1038/s41598-018-24271-9, section "GRU-Simple": value, mask and time
        since; here the time enters as 1 / (1 + steps or hours since), bounded and free of units,
        or, with `elapsed`, as the paper's delta.
    """

    def __init__(self, events: Sequence[int] = (), elapsed: bool = False, **kwargs) -> None:
        super().__init__(**kwargs)
        self.events, self.elapsed = list(events), elapsed

    def call(
        self, scores: keras.KerasTensor, time: keras.KerasTensor | None = None
    ) -> tuple[keras.KerasTensor, keras.KerasTensor]:
        """Return the channels and the mask of a batch of series.

        Args:
            scores: `(batch, steps, variables)` standard scores, NaN where not measured.
            time: `(batch, steps)` hours with a NaN tail, or None on a regular grid.

        Returns:
            `(batch, steps, 3 * variables)` float and `(batch, steps)` bool, True up to the last
            observation.
        """
        seen = observed(scores)
        step = ops.reshape(ops.arange(ops.shape(scores)[1], dtype="int32"), (1, -1, 1))
        latest = running_max(ops.where(seen, step, -1))
        source = ops.maximum(latest, 0)
        carried = ops.take_along_axis(scrub(scores), source, axis=1)
        passing = ops.logical_and(_marks(self.events, scores.shape[-1]), ops.logical_not(seen))
        value = ops.where(passing, 0.0, carried)
        if self.elapsed:
            before = ops.pad(latest[:, :-1], [(0, 0), (1, 0), (0, 0)])
            recency = _age(step, ops.maximum(before, 0), time)
        else:
            recency = ops.where(latest >= 0, 1.0 / (1.0 + _age(step, source, time)), 0.0)
        channels = ops.concatenate([value, ops.cast(seen, "float32"), recency], axis=-1)
        return channels, until_last(ops.any(seen, axis=-1))

    def compute_output_spec(self, scores, time=None):
        """Return the symbolic outputs."""
        batch, steps, variables = scores.shape
        return (
            keras.KerasTensor((batch, steps, 3 * variables), dtype="float32"),
            keras.KerasTensor((batch, steps), dtype="bool"),
        )

    def get_config(self) -> dict:
        """Return the constructor's arguments."""
        return super().get_config() | {"events": self.events, "elapsed": self.elapsed}


@keras.saving.register_keras_serializable("hybrid_zoo")
class SequenceSummary(FullPrecision):
    """Summarise each variable: first, last, mean, minimum, maximum, deviation, trend, count.

    These are the statistics that trees get. In the network they carry what a few thousand
    samples are too few for a recurrent layer to find.

    Source:
        Own design, because it measured better than the recurrent vector alone; the statistics are
        those of Harutyunyan et al. 2019, doi:10.1038/s41597-019-0103-9, logistic regression.
    """

    def call(self, scores: keras.KerasTensor) -> keras.KerasTensor:
        """Return `(batch, 8 * variables)` from `(batch, steps, variables)` standard scores."""
        mask = ops.cast(observed(scores), "float32")
        value, count = scrub(scores), ops.sum(mask, axis=1)
        mean = masked_mean(value, mask)
        centered = (value - mean[:, None]) * mask
        step = ops.reshape(ops.arange(ops.shape(scores)[1], dtype="float32"), (1, -1, 1))
        spread = (step - masked_mean(step, mask)[:, None]) * mask
        variance = masked_mean(centered**2, mask)
        trend = masked_mean(centered * spread, mask) / ops.sqrt(
            masked_mean(spread**2, mask) + keras.config.epsilon()
        )
        parts = [
            _at(value, mask, step, -1.0),
            _at(value, mask, step, 1.0),
            mean,
            -masked_max(-value, mask),
            masked_max(value, mask),
            ops.sqrt(variance + keras.config.epsilon()) * ops.cast(count > 1, "float32"),
            trend,
            ops.log1p(count) / 3.0,
        ]
        return ops.concatenate(parts, axis=-1)


def series_scores(modality: Modality, x: keras.KerasTensor) -> keras.KerasTensor:
    """Turn a raw series into standard scores, NaN where not measured or not occurred.

    Args:
        modality: The sequence modality.
        x: `(batch, steps, variables)` raw values.

    Returns:
        The same shape. Events, whose mean is 0 and whose variance is 1, stay as they are.
    """
    scores, events = standardize(modality)(x), modality.of_kind("event")
    return Occurrences(events)(scores) if events else scores


def _marks(positions, width):
    """`(width,)` bool, True at the positions."""
    return ops.convert_to_tensor([i in positions for i in range(width)], "bool")


def running_max(x):
    """Return the highest so far along axis 1, by looking back 1, 2, 4, ... places.

    Args:
        x: `(batch, steps, ...)`.

    Source:
        Hillis & Steele 1986, doi:10.1145/7902.7903; `ops.associative_scan` takes 20 seconds to
        trace where the number of steps is not known.
    """
    steps = ops.shape(x)[1]
    step = ops.arange(steps, dtype="int32")

    def look_back(places, highest):
        earlier = ops.take(highest, ops.maximum(step - places, 0), axis=1)
        return 2 * places, ops.maximum(highest, earlier)

    return ops.while_loop(lambda places, highest: places < steps, look_back, (1, x))[1]


def _age(step, source, time):
    """Steps, or hours where time stamps are given, since the value that is carried."""
    if time is None:
        return ops.cast(step - source, "float32")
    hours = ops.broadcast_to(scrub(time)[:, :, None], ops.shape(source))
    return ops.maximum(hours - ops.take_along_axis(hours, source, axis=1), 0.0)


def until_last(recorded):
    """Return `(batch, steps)` bool, True up to the last recorded step, and for the first.

    Args:
        recorded: `(batch, steps)` bool.
    """
    step = ops.arange(ops.shape(recorded)[1], dtype="int32")
    last = ops.max(ops.where(recorded, step, 0), axis=1, keepdims=True)
    return step[None] <= last


def _at(value, mask, step, sign):
    """The first (sign -1) or last (sign 1) observed value of each variable; 0 where none."""
    order = ops.where(mask > 0, sign * step, -1e9)
    chosen = ops.cast(order == ops.max(order, axis=1, keepdims=True), "float32") * mask
    return ops.sum(value * chosen, axis=1)
