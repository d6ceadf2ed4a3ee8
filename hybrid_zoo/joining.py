"""From each modality's vector to the outputs of the model: fusion and heads."""

from collections.abc import Callable

import keras
from keras import ops

from hybrid_zoo.heads import MeanOfExperts, SumOfExperts, logit_head, probability_head
from hybrid_zoo.inputs import Modality
from hybrid_zoo.layers.modalities import MissingToken, ModalityDropout
from hybrid_zoo.layers.self_supervision import TellSummary, summary_model
from hybrid_zoo.model import LOGIT, OF
from hybrid_zoo.options import HybridOptions

Tensors = dict[str, keras.KerasTensor]


def supervise(features, modality: Modality, x, there, options: HybridOptions):
    """Ask an encoder's features for a summary of its own input.

    Args:
        features: `(batch, width)`.
        modality: Whose they are.
        x: Its raw input.
        there: `(batch, 1)` presence.
        options: Weight of the loss.

    Returns:
        The same features.
    """
    summary = summary_model(modality) if options.self_supervised else None
    if summary is None:
        return features
    tell = TellSummary(options.self_supervised, name=f"{modality.name}_tells")
    return tell(features, summary(x), there)


def fuse_modalities(fuse: Callable, features: Tensors, presence: Tensors, options: HybridOptions):
    """Fuse what the fusion is shown of the modalities.

    Args:
        fuse: As the builders of `fusions` return.
        features: Modality to `(batch, width)`, zero where absent.
        presence: Modality to `(batch, 1)` of 0 and 1.
        options: Modality dropout and missing tokens.

    Returns:
        `(batch, units)`, or None where the fusion has no joint features.
    """
    if options.modality_dropout and len(features) > 1:
        hide = ModalityDropout(options.modality_dropout, name="modality_dropout")
        presence = dict(zip(presence, hide(list(presence.values())), strict=True))
    if options.modality_dropout or options.missing_token:
        features = {
            name: MissingToken(options.missing_token, name=f"{name}_shown")(x, presence[name])
            for name, x in features.items()
        }
    if options.missing_token:  # a token stands in: the fusion reads it like any modality
        presence = {name: ops.ones_like(there) for name, there in presence.items()}
    return fuse(features, presence)


def target_outputs(
    classes: dict[str, int], fused, features: Tensors, presence: Tensors, options: HybridOptions
) -> Tensors:
    """Return every output of the model: probabilities, and the logits that training needs.

    Args:
        classes: Target to the width of its head.
        fused: `(batch, units)`, or None: then the modalities' own logits are averaged.
        features: Modality to `(batch, width)`, zero where absent.
        presence: Modality to `(batch, 1)` of 0 and 1.
        options: Whether the modalities have logits of their own.

    Returns:
        `{target}`, `{target}_logit` and `{target}_logit__{modality}`.
    """
    with_experts = fused is None or (options.auxiliary and len(features) > 1)
    experts = features if with_experts else {}
    outputs: Tensors = {}
    for target, width in classes.items():
        logit = target + LOGIT
        own = {name: logit_head(x, width, logit + OF + name) for name, x in experts.items()}
        outputs |= {logit + OF + name: x for name, x in own.items()}
        outputs[logit] = _combine(target, width, fused, own, presence)
        outputs[target] = probability_head(outputs[logit], width, target)
    return outputs


def _combine(target: str, width: int, fused, own: Tensors, presence: Tensors):
    """The logit of a target: joint, sum of joint and experts, or mean of experts."""
    there = [presence[name] for name in own]
    if fused is None:
        return MeanOfExperts(name=target + LOGIT)(list(own.values()), there)
    if not own:
        return logit_head(fused, width, target + LOGIT)
    joint = logit_head(fused, width, f"{target}_fused")
    return SumOfExperts(name=target + LOGIT)(joint, list(own.values()), there)
