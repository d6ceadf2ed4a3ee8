"""The pickles of a PyTorch state dict; nothing that they name is imported or called."""

import math
import pickle
import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError

MOST = 1_000_000
"""Operations of a pickle; a state dict of 300 arrays takes 11,000."""

LONGEST = 8
"""Axes of an array."""

DICT, TENSOR = "collections.OrderedDict", "torch._utils._rebuild_tensor_v2"
STORAGES: dict[str, np.dtype] = {
    "torch.FloatStorage": np.dtype("<f4"),
    "torch.LongStorage": np.dtype("<i8"),
}
NAMES = (DICT, TENSOR, *STORAGES)
"""All that a file may name."""

DAMAGE = (ValueError, IndexError, KeyError, TypeError)
"""What becomes of operations and arguments that do not fit together."""


@dataclass(frozen=True)
class Name:
    """What a pickle would import."""

    text: str


@dataclass(frozen=True)
class Storage:
    """A run of numbers, whose values come at the end of the file.

    Args:
        key: What it is called in the file.
        dtype: Of its numbers.
        count: How many it claims to hold.
    """

    key: str
    dtype: np.dtype
    count: int


@dataclass(frozen=True)
class Tensor:
    """Where an array lies in a storage; counted in numbers, not bytes.

    Args:
        storage: That it looks into.
        offset: Of its first number.
        shape: Of the array.
        strides: From one number to the next along each axis.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class Unpickler:
    """Carries out the operations that a state dict needs, on plain values and a stack.

    Args:
        where: Encoder and file, for messages.

    Source:
        Own design, because `pickle` calls what a file tells it to, and even with an allow-list sets
        attributes and takes hashes as the file likes.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.storages: dict[str, Storage] = {}

    def load(self, file: BytesIO) -> Any:
        """Return the value of the next pickle of a file.

        Args:
            file: At the start of a pickle; afterwards, behind it.

        Raises:
            UnsafeArtifactError: If it names or does anything that a state dict does not need.
            CorruptArtifactError: If it is cut or damaged.
        """
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}
        try:
            for place in range(MOST):
                code = _bytes(file, 1)
                if code not in OPERATIONS:
                    raise self.refused(f"the operation {_spoken(code)} at place {place}")
                OPERATIONS[code](self, ARGUMENTS[code](file) if code in ARGUMENTS else None)
                if code == pickle.STOP:
                    return self.stack.pop()
            raise self.refused(f"more than {MOST} operations")
        except DAMAGE as error:
            raise CorruptArtifactError(
                f"{self.where} is cut or damaged: {error!r:.100}. Copy it again from its source."
            ) from error

    def refused(self, what: str) -> UnsafeArtifactError:
        """Return the error for what a file must not hold.

        Args:
            what: As a noun.
        """
        return UnsafeArtifactError(
            f"{self.where} holds {what:.100}; expected a plain state dict, which names nothing but "
            f"{', '.join(NAMES)}. Save the state_dict() of a float32 model, or do not load it."
        )

    def keep(self, number: int) -> None:
        """Note the last value under a number."""
        self.memo[number] = self.stack[-1]

    def since_mark(self) -> list[Any]:
        """Take what was put on the stack since the last mark."""
        start = self.marks.pop()
        items = self.stack[start:]
        del self.stack[start:]
        return items

    def take(self, size: int) -> list[Any]:
        """Take the last values from the stack."""
        return [self.stack.pop() for _ in range(size)][::-1]

    def name(self, name: str) -> None:
        """Put a name on the stack in place of what it names."""
        if name not in NAMES:
            raise self.refused(repr(name))
        self.stack.append(Name(name))

    def set_items(self, items: list[Any]) -> None:
        """Put keys and values, in turns, into the dict on the stack."""
        if not isinstance(self.stack[-1], dict):
            raise TypeError("items of no dict")
        for key, value in zip(items[::2], items[1::2], strict=True):
            if not isinstance(key, str):
                raise TypeError("a key that is no text")
            self.stack[-1][key] = value

    def extend(self, items: list[Any]) -> None:
        """Put values into the list on the stack."""
        if not isinstance(self.stack[-1], list):
            raise TypeError("items of no list")
        self.stack[-1].extend(items)

    def find(self) -> None:
        """Replace the description of a storage by it."""
        kind, name, key, _place, count, part = self.stack.pop()
        if kind != "storage" or not isinstance(name, Name) or name.text not in STORAGES:
            raise TypeError("a storage of no type")
        if not isinstance(key, str) or not _is_count(count) or part is not None:
            raise TypeError("a storage without key or count, or a part of one")
        found = Storage(key, STORAGES[name.text], count)
        if self.storages.setdefault(key, found) != found:
            raise ValueError("two storages of one key")
        self.stack.append(found)

    def call(self) -> None:
        """Make a dict or a tensor, which is all that there is to call."""
        name, arguments = self.take(2)
        if name == Name(DICT) and arguments == ():
            self.stack.append({})
        elif name == Name(TENSOR):
            self.stack.append(_tensor(*arguments))
        else:
            raise TypeError("a call that is not PyTorch's")


OPERATIONS: dict[bytes, Callable[[Unpickler, Any], Any]] = {
    pickle.PROTO: lambda machine, _: None,
    pickle.STOP: lambda machine, _: None,
    pickle.MARK: lambda machine, _: machine.marks.append(len(machine.stack)),
    pickle.NONE: lambda machine, _: machine.stack.append(None),
    pickle.NEWTRUE: lambda machine, _: machine.stack.append(True),
    pickle.NEWFALSE: lambda machine, _: machine.stack.append(False),
    **dict.fromkeys(
        (pickle.BININT, pickle.BININT1, pickle.BININT2, pickle.LONG1, pickle.BINUNICODE),
        lambda machine, value: machine.stack.append(value),
    ),
    pickle.EMPTY_TUPLE: lambda machine, _: machine.stack.append(()),
    pickle.EMPTY_LIST: lambda machine, _: machine.stack.append([]),
    pickle.EMPTY_DICT: lambda machine, _: machine.stack.append({}),
    pickle.TUPLE1: lambda machine, _: machine.stack.append(tuple(machine.take(1))),
    pickle.TUPLE2: lambda machine, _: machine.stack.append(tuple(machine.take(2))),
    pickle.TUPLE3: lambda machine, _: machine.stack.append(tuple(machine.take(3))),
    pickle.TUPLE: lambda machine, _: machine.stack.append(tuple(machine.since_mark())),
    pickle.SETITEM: lambda machine, _: machine.set_items(machine.take(2)),
    pickle.SETITEMS: lambda machine, _: machine.set_items(machine.since_mark()),
    pickle.APPEND: lambda machine, _: machine.extend(machine.take(1)),
    pickle.APPENDS: lambda machine, _: machine.extend(machine.since_mark()),
    **dict.fromkeys((pickle.BINPUT, pickle.LONG_BINPUT), Unpickler.keep),
    **dict.fromkeys(
        (pickle.BINGET, pickle.LONG_BINGET),
        lambda machine, number: machine.stack.append(machine.memo[number]),
    ),
    pickle.GLOBAL: Unpickler.name,
    pickle.BINPERSID: lambda machine, _: machine.find(),
    pickle.REDUCE: lambda machine, _: machine.call(),
    pickle.BUILD: lambda machine, _: machine.take(1),  # attributes of a dict: they hold no array
}
"""Code of an operation to what it does; PyTorch writes no other."""


def _bytes(file: BytesIO, size: int) -> bytes:
    found = file.read(size)
    if len(found) < size:
        raise ValueError("it ends early")
    return found


def _integer(file: BytesIO, size: int, signed: bool = False) -> int:
    return int.from_bytes(_bytes(file, size), "little", signed=signed)


def _text(file: BytesIO) -> str:
    return _bytes(file, _integer(file, 4)).decode()


def _name(file: BytesIO) -> str:
    lines = [file.readline() for _ in range(2)]
    if not all(line.endswith(b"\n") for line in lines):
        raise ValueError("it ends early")
    return ".".join(line[:-1].decode() for line in lines)


ARGUMENTS: dict[bytes, Callable[[BytesIO], Any]] = {
    **dict.fromkeys(
        (pickle.PROTO, pickle.BININT1, pickle.BINPUT, pickle.BINGET), partial(_integer, size=1)
    ),
    pickle.BININT2: partial(_integer, size=2),
    pickle.BININT: partial(_integer, size=4, signed=True),
    **dict.fromkeys((pickle.LONG_BINPUT, pickle.LONG_BINGET), partial(_integer, size=4)),
    pickle.LONG1: lambda file: _integer(file, _integer(file, 1), signed=True),
    pickle.BINUNICODE: _text,
    pickle.GLOBAL: _name,
}
"""Code of an operation to what reads the argument behind it; others have none."""


def _spoken(code: bytes) -> str:
    names = {operation.code: operation.name for operation in pickletools.opcodes}
    return names.get(code.decode("latin-1"), code.hex())


def _tensor(storage, offset, shape, strides, _gradient, _hooks, *_metadata) -> Tensor:
    """Check that a tensor lies within its storage, and holds no more numbers than that."""
    if not isinstance(storage, Storage) or not all(map(_is_count, (offset, *shape, *strides))):
        raise TypeError("a tensor without storage, offset, shape or strides")
    if len(shape) != len(strides) or len(shape) > LONGEST or 0 in shape:
        raise ValueError("a tensor of no shape")
    reach = sum((side - 1) * step for side, step in zip(shape, strides, strict=True))
    if max(offset + reach + 1, math.prod(shape)) > storage.count:
        raise ValueError(f"a tensor beyond the {storage.count} numbers of its storage")
    return Tensor(storage, offset, tuple(shape), tuple(strides))


def _is_count(value: Any) -> bool:
    return type(value) is int and value >= 0
