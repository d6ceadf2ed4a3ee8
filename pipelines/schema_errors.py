"""Turns pydantic's errors about a cohort.yaml into one line each."""

import re
import types
from collections.abc import Collection
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError

from hybrid_zoo.errors import CohortError
from hybrid_zoo.registry import nearest

_GOT = {dict: "keys", list: "a list", str: "text", int: "a number", float: "a number"}
_GOT |= {bool: "true or false", type(None): "nothing"}


def as_cohort_error(
    error: ValidationError, model: type[BaseModel], plain: Collection[str], origin: str
) -> CohortError:
    """Say what is wrong with a cohort.yaml, one line per mistake.

    Args:
        error: What pydantic found.
        model: The model that the whole file was checked against.
        plain: Sections that the file writes without a modality level (`events: {step_hours: 1}`),
            so that messages name the keys as they stand in the file.
        origin: What messages call the file.

    Returns:
        The error to raise.
    """
    lines = [f"{origin}: {_line(item, model, plain)}" for item in error.errors()]
    return CohortError("\n".join(dict.fromkeys(lines)))


def _line(item: Any, model: type[BaseModel], plain: Collection[str]) -> str:
    loc = tuple(part for part in item["loc"] if part != "[key]")
    key = _key(loc, plain)
    if item["type"] == "extra_forbidden":
        known = _known_keys(model, loc[:-1])
        return f"unknown key {key!r}.{nearest(str(loc[-1]), known)} Known here: {sorted(known)}."
    if item["type"] == "missing":
        return f"key {key!r} is missing; it is required."
    if item["type"] == "value_error":
        where = f"key {key!r}: " if key else ""
        return f"{where}{item['ctx']['error']}."
    return _wrong_value(item, key)


def _key(loc: tuple[Any, ...], plain: Collection[str]) -> str:
    shown = (loc[0], *loc[2:]) if loc and loc[0] in plain else loc
    return ".".join(str(part) for part in shown)


def _wrong_value(item: Any, key: str) -> str:
    got = _GOT.get(type(item["input"]), type(item["input"]).__name__)
    message = _words(item["msg"])
    hint = " Put the word in quotes." if type(item["input"]) is bool else ""
    return f"key {key!r}: got {got}, expected {message}.{hint}"


def _words(message: str) -> str:
    message = re.sub(r"^Input should be ", "", message)
    message = re.sub(r"^\w+ should have ", "", message).replace(" after validation", "")
    message = re.sub(r"a valid dictionary( or instance of \w+)?", "keys", message)
    return message.replace("a valid tuple", "a list").replace("a valid string", "text")


def _known_keys(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Walk from the whole file down to the mapping that holds the unknown key."""
    found: Any = model
    for part in loc:
        if isinstance(found, type) and issubclass(found, BaseModel):
            found = _inner(found.model_fields[str(part)].annotation)
        else:
            found = _inner(get_args(found)[1])  # a dict of names to parts
    return list(found.model_fields)


def _inner(annotation: Any) -> Any:
    """Strip `Annotated[...]` and `... | None`."""
    while get_origin(annotation) not in (None, dict):
        args = get_args(annotation)
        annotation = next(a for a in args if a is not types.NoneType)
    return annotation
