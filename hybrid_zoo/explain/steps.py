"""Go through a model operation by operation, into the models that are nested in it."""

from collections.abc import Callable, Container, Iterator, Mapping
from typing import Any, NamedTuple

import keras

from hybrid_zoo.heads import SumOfExperts

Place = tuple[int, ...]
"""Where an operation is called: the nodes of the graphs around it, from the outside in."""


CONVOLUTIONS = (
    keras.layers.Conv2D,
    keras.layers.Conv3D,
    keras.layers.DepthwiseConv2D,
    keras.layers.SeparableConv2D,
)
CONVOLVED = "behind a convolution"


class Step(NamedTuple):
    """One call of an operation.

    Args:
        operation: The layer or operation.
        node: The call, with its symbolic tensors.
        modality: What alone it reads of the inputs; "" of several.
        place: Where it is called.
        is_convolved: Whether it is a convolution, or comes behind one.
    """

    operation: Any
    node: Any
    modality: str
    place: Place
    is_convolved: bool


After = Callable[[Place, Any, tuple, Any], Any]
"""What to put in the place of an output: a function of place, operation, arguments and output."""


def steps(model: keras.Model) -> list[Step]:
    """List every call of an operation that can be looked into, in order.

    Args:
        model: A Functional model from a dict of inputs.
    """
    return list(_steps(model, {id(x): {_owner(name)} for name, x in model.input.items()}, ()))


def walk(model: keras.Model, inputs: dict[str, Any], after: After) -> Any:
    """Run a model and let a function see, or replace, what each operation returns.

    Args:
        model: A Functional model from a dict of inputs.
        inputs: Name to tensor.
        after: Called behind every operation; returns its output, or another one.

    Returns:
        The model's outputs.
    """
    values = {id(x): inputs[name] for name, x in model.input.items()}
    _run(model, values, after, ())
    return keras.tree.map_structure(lambda x: values[id(x)], model.output)


def outputs_of(
    model: keras.Model, sample: Mapping[str, Any], places: Container[Place]
) -> dict[Place, tuple[tuple, Any]]:
    """Run a model and keep what some operations were given, and what they returned.

    Args:
        model: A Functional model from a dict of inputs.
        sample: Name to array.
        places: Where they are called.

    Returns:
        Place to positional arguments and output, in the order of the calls.
    """
    found = {}

    def after(place: Place, operation: Any, args: tuple, output: Any) -> Any:
        if place in places:
            found[place] = args, output
        return output

    walk(model, {name: keras.ops.convert_to_tensor(x) for name, x in sample.items()}, after)
    return found


def through_experts(operation: Any, args: tuple, output: Any) -> Any:
    """Return an output; the sum of experts with gradients through the experts.

    Args:
        operation: That was called.
        args: With what.
        output: What it returned.
    """
    if not isinstance(operation, SumOfExperts):
        return output
    joint, own, presence = args
    said = sum(logit * there for logit, there in zip(own, presence, strict=True))
    return joint + (1 - operation.rate) * said


def _owner(name: str) -> str:
    """The modality that an input belongs to: hours belong to their series."""
    return name.replace("time", "sequence", 1) if name.startswith("time") else name


def _steps(model: keras.Model, marks: dict[int, set[str]], place: Place) -> Iterator[Step]:
    """Yield the calls of a graph, and mark its tensors with what they come from."""
    for node in _nodes(model):
        read: set[str] = set().union(*(marks.get(id(x), set()) for x in node.input_tensors))
        here, inner = (*place, id(node)), _inner(node.operation)
        if inner is not None:
            within = dict.fromkeys(map(id, inner.inputs), read)
            yield from _steps(inner, within, here)
            read = set().union(*(within[id(x)] for x in inner.outputs))
        else:
            read = read | _own_mark(node.operation)
            yield Step(node.operation, node, _alone(read), here, CONVOLVED in read)
        marks |= dict.fromkeys(map(id, node.outputs), read)


def _own_mark(operation: Any) -> set[str]:
    return {CONVOLVED} if isinstance(operation, CONVOLUTIONS) else set()


def _alone(read: set[str]) -> str:
    """The modality, if it is only one."""
    names = read - {CONVOLVED}
    return min(names) if len(names) == 1 else ""


def _run(model: keras.Model, values: dict[int, Any], after: After, place: Place) -> None:
    """Compute every tensor of a graph, by the identity of its symbol."""
    for node in _nodes(model):
        args, kwargs = node.arguments.fill_in(values)
        here, inner = (*place, id(node)), _inner(node.operation)
        if inner is not None:
            given = zip(inner.inputs, keras.tree.flatten(args), strict=True)
            within = {id(x): y for x, y in given}
            _run(inner, within, after, here)
            found = [within[id(x)] for x in inner.outputs]
        else:
            if "training" in getattr(node.operation, "_call_context_args", ()):
                kwargs["training"] = False
            output = node.operation(*args, **kwargs)
            found = keras.tree.flatten(after(here, node.operation, args, output))
            _keep_masks(keras.tree.flatten(output), found)
        values |= {id(x): y for x, y in zip(node.outputs, found, strict=True)}


def _keep_masks(before: list[Any], now: list[Any]) -> None:
    """What stands in the place of an output hides the same steps."""
    for x, y in zip(before, now, strict=True):
        mask = getattr(x, "_keras_mask", None)
        if mask is not None and y is not x:
            y._keras_mask = mask


def _nodes(model: keras.Model) -> Iterator[Any]:
    """The calls of a graph, each behind those that it reads."""
    by_depth = model._nodes_by_depth
    for depth in sorted(by_depth, reverse=True):
        yield from (node for node in by_depth[depth] if node.operation and not node.is_input)


def _inner(operation: Any) -> keras.Model | None:
    """The graph of a nested model; None for a layer, or a model whose call is its own."""
    if isinstance(operation, keras.Sequential):
        return operation._functional
    runs = next((c for c in type(operation).__mro__ if "call" in vars(c)), None)
    return operation if runs is not None and runs.__name__ == "Functional" else None
