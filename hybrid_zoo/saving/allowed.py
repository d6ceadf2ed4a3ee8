"""What a saved configuration may name: parts of Keras, and classes registered in this process."""

import json
import sys
import types
from collections.abc import Iterator
from typing import Any

import keras

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.saving.archive import CONFIG

KINDS = (
    keras.Operation,  # layers, models, and operations on tensors
    keras.Initializer,
    keras.Regularizer,
    keras.constraints.Constraint,
    keras.Loss,
    keras.Metric,
    keras.Optimizer,
    keras.optimizers.schedules.LearningRateSchedule,
    keras.DTypePolicy,
    keras.random.SeedGenerator,
    keras.Quantizer,
    keras.quantizers.QuantizationConfig,
)
"""What Keras itself may contribute to a model."""

CODE_RUNNERS = (
    keras.layers.Lambda,
    keras.layers.TFSMLayer,
    keras.layers.TorchModuleWrapper,
    keras.layers.JaxLayer,
    keras.layers.FlaxLayer,
)
"""Layers whose configuration carries code, or the path of some."""

FUNCTIONS = {
    "keras.activations": keras.activations,
    "keras.losses": keras.losses,
    "keras.metrics": keras.metrics,
}
BUILDERS = ("get", "serialize", "deserialize")
"""Functions in these modules that make objects instead of computing."""

ARRAYS = ("__keras_tensor__", "__numpy__", "__tensor__")
PLAIN = ("__bytes__", "__ellipsis__", "__slice__")

OWN = "hybrid_zoo>"
DEEPEST = 100
"""Levels of nesting; a model of models of models stays below 40."""

LARGEST_METRIC = 10_000
"""Thresholds or classes of a metric, whose tables are no weights that could be held to a file."""

LONGEST_NUMBER = 19
"""Digits of a 64-bit integer."""

Registered = dict[str, Any]


def read_json(content: bytes, name: str, member: str) -> dict[str, Any]:
    """Parse a member that holds one JSON object.

    Args:
        content: The member.
        name: Of the file, for messages.
        member: Its name, for messages.

    Returns:
        The object.

    Raises:
        UnsafeArtifactError: If it is nested so deeply that reading it exhausts the stack.
        CorruptArtifactError: If it is no JSON, or no object.
    """
    try:
        found = json.loads(content.decode(), parse_int=_parse_integer)
        deep = _depth(found) > DEEPEST
    except RecursionError:
        found, deep = None, True
    except ValueError as error:
        raise CorruptArtifactError(
            f"{name}: {member} is no JSON that Keras wrote: {error}. Save the model again."
        ) from error
    if deep:
        raise UnsafeArtifactError(
            f"{name}: {member} is nested more than {DEEPEST} levels deep, which no model needs. "
            "Do not load this file."
        )
    if not isinstance(found, dict):
        raise CorruptArtifactError(
            f"{name}: {member} holds a {type(found).__name__}, expected an object. "
            "Save the model again."
        )
    return found


def check_config(config: dict[str, Any], name: str) -> Registered:
    """Refuse a configuration that names anything but allowed parts; nothing is built or imported.

    A class is allowed if it is Keras's own or registered in this process, by
    `keras.saving.register_keras_serializable` or a `keras.saving.custom_object_scope`: that code
    was imported by the user already. A module path is never imported.

    Args:
        config: The content of `config.json`.
        name: Of the file, for messages.

    Returns:
        Registered name to class or function, of those that are not this package's own.

    Raises:
        UnsafeArtifactError: For a part that is not allowed.
        CorruptArtifactError: For a configuration that is none.
    """
    registered: Registered = {}
    root = None
    for reference, place in _references(config):
        kind = reference["class_name"]
        if not isinstance(kind, str):
            raise _malformed(name, place, f"a class_name that is a {type(kind).__name__}")
        if kind in ARRAYS:
            _check_dtype(reference, name, place)
        elif kind not in PLAIN:
            found = _resolve(reference, kind, registered)
            _check_part(found, reference, name, place)
            _check_calls(reference, name, place)
            _check_settings(found, reference.get("config"), name, place)
            root = found if reference is config else root
    if not (isinstance(root, type) and issubclass(root, keras.Model)):
        raise _malformed(name, "the place of the model", f"{config.get('class_name')!r:.60}")
    return registered


def _references(config: dict) -> Iterator[tuple[dict, str]]:
    """Yield every object that Keras would build, the outermost first, and where it stands."""
    stack: list[tuple[Any, str]] = [(config, "the model")]
    while stack:
        node, place = stack.pop()
        if isinstance(node, dict) and "class_name" in node:
            place = _place(node, place)
            yield node, place
        stack += [(child, place) for child in _children(node)]


def _place(reference: dict, outer: str) -> str:
    """Name a layer, model or other object that has a name; within others, name the outer one."""
    kind, inner = reference["class_name"], reference.get("config")
    name = inner.get("name") if isinstance(inner, dict) else None
    return f"{kind:.60} {name[:60]!r}" if isinstance(kind, str) and isinstance(name, str) else outer


def _resolve(reference: dict, kind: str, registered: Registered) -> Any:
    """Find what Keras would take for a reference, in its order, but without any import."""
    module, inner = str(reference.get("module")), reference.get("config")
    known_as = inner if kind == "function" else reference.get("registered_name", kind)
    found = keras.saving.get_registered_object(known_as) if isinstance(known_as, str) else None
    if found is not None:
        if not str(known_as).startswith(OWN):
            registered[str(known_as)] = found
        return found
    return _function(module, str(inner)) if kind == "function" else _class(module, kind)


def _function(module: str, name: str) -> Any:
    homes = list(FUNCTIONS.values()) if module == "builtins" else [FUNCTIONS.get(module)]
    found = [vars(home).get(name) for home in homes if home]
    computing = [f for f in found if isinstance(f, types.FunctionType)]
    return computing[0] if computing and name not in BUILDERS else None


def _class(module: str, name: str) -> Any:
    home = sys.modules.get(module) if module.split(".")[0] == "keras" else None
    found = vars(home).get(name) if home else None
    return found if isinstance(found, type) and issubclass(found, KINDS) else None


def _check_part(found: Any, reference: dict, name: str, place: str) -> None:
    """Refuse a part that is unknown or carries code."""
    kind, module, inner = (reference.get(k) for k in ("class_name", "module", "config"))
    whole = f"{module}.{kind}" if module else kind
    what = f"function {inner!r:.80}" if kind == "function" else f"class {whole!r:.80}"
    if found is None:
        raise UnsafeArtifactError(
            f"{name}: {CONFIG} names {what} in {place}, which is neither a part of Keras for "
            "models nor registered in this process. If it is yours, import the file that registers "
            "it with @keras.saving.register_keras_serializable; otherwise do not load this file."
        )
    if isinstance(found, type) and issubclass(found, CODE_RUNNERS):
        raise UnsafeArtifactError(
            f"{name}: {CONFIG} holds {what} in {place}, which carries code; expected layers that "
            "only compute. Put a registered layer in its place, or do not load this file."
        )


def _check_calls(reference: dict, name: str, place: str) -> None:
    """Refuse a layer that would run while loading."""
    nodes = reference.get("inbound_nodes", [])
    if not isinstance(nodes, list):
        raise _malformed(name, place, "inbound_nodes that are no list")
    if not all(_holds_tensor(node) for node in nodes):
        raise UnsafeArtifactError(
            f"{name}: {place} would be run on constants while loading; expected a tensor of the "
            "model among its inputs. Do not load this file."
        )


def _check_settings(found: Any, settings: Any, name: str, place: str) -> None:
    """Refuse settings that no part of Keras has; a registered class takes what it likes."""
    if not (isinstance(settings, dict) and _is_keras(found)):
        return
    if isinstance(settings.get("vocabulary"), str):
        raise UnsafeArtifactError(
            f"{name}: {place} would read the file {settings['vocabulary']!r:.80}; expected a list "
            "of terms. Do not load this file."
        )
    numbers = [x for x in settings.values() if isinstance(x, int | float)]
    if any(x != x for x in numbers):
        raise _malformed(name, place, "a setting that is no number (NaN)")
    if issubclass(found, keras.Metric):
        _check_table(max(numbers, default=0), name, place)


def _is_keras(found: Any) -> bool:
    own = isinstance(found, type) and issubclass(found, KINDS)
    return own and found.__module__.startswith("keras.")


def _check_table(rows: float, name: str, place: str) -> None:
    if rows > LARGEST_METRIC:
        raise UnsafeArtifactError(
            f"{name}: {place} asks for a table of {rows} rows, expected at most {LARGEST_METRIC}. "
            "Do not load this file."
        )


def _check_dtype(reference: dict, name: str, place: str) -> None:
    """Refuse a data type that would make an array larger than its values."""
    inner = reference.get("config")
    dtype = inner.get("dtype") if isinstance(inner, dict) else None
    try:
        if not isinstance(dtype, str):
            raise ValueError
        keras.utils.standardize_dtype(dtype)
    except ValueError as error:
        raise UnsafeArtifactError(
            f"{name}: {place} holds an array of type {dtype!r}, expected a number type of Keras. "
            "Do not load this file."
        ) from error


def _holds_tensor(node: Any) -> bool:
    """Whether the arguments of a call hold a tensor of the graph, which keeps Keras symbolic."""
    if isinstance(node, dict) and "class_name" in node:
        return node["class_name"] == "__keras_tensor__"
    return any(_holds_tensor(child) for child in _children(node))


def _parse_integer(digits: str) -> int:
    if len(digits.lstrip("-")) > LONGEST_NUMBER:
        raise ValueError(f"it holds a number of {len(digits)} digits")
    return int(digits)


def _children(node: Any) -> list:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _depth(node: Any) -> int:
    """Return the levels of nesting, without recursion."""
    depth, level = 0, [node]
    while level:
        depth, level = depth + 1, [child for x in level for child in _children(x)]
    return depth


def _malformed(name: str, place: str, what: str) -> CorruptArtifactError:
    return CorruptArtifactError(
        f"{name}: {CONFIG} has {what} in {place}; Keras does not write that. Save the model again."
    )
