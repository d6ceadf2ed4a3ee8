"""The last map of a convolutional encoder in which places can still be told apart."""

from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.steps import Step


def last_map(case: Case, modality: str) -> Step | None:
    """Return the last operation behind a convolution whose output still has several places.

    Args:
        case: The patient.
        modality: An image or volume.

    Returns:
        The call of the operation, or None for an encoder without convolutions.
    """
    maps = [step for step in case.opened.steps if step.modality == modality and _is_map(step)]
    return maps[-1] if maps else None


def lacks_map(case: Case) -> str | None:
    """Say what `grad_cam` needs, if no encoder of a model has it.

    Args:
        case: The patient.
    """
    if any(last_map(case, name) for name in case.opened.modalities):
        return None
    return "an encoder of images or volumes with a convolution, which this model lacks"


def _is_map(step: Step) -> bool:
    if not step.is_convolved or len(step.node.outputs) != 1:
        return False
    shape = step.node.outputs[0].shape
    return len(shape) in (4, 5) and any((side or 2) > 1 for side in shape[1:-1])
