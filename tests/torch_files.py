"""Files as PyTorch wrote them before 1.6, by hand: operations of a pickle, then raw numbers."""

import pickle
import struct

import numpy as np

MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)
PROTOCOL = pickle.dumps(1001, 2)
SYSTEM = pickle.dumps({"protocol_version": 1001, "little_endian": True}, 2)
KINDS = {"f": "FloatStorage", "i": "LongStorage"}


def text(words):
    return pickle.BINUNICODE + struct.pack("<I", len(words)) + words.encode()


def number(n):
    return pickle.BININT + struct.pack("<i", n)


def name(dotted):
    module, _, last = dotted.rpartition(".")
    return pickle.GLOBAL + f"{module}\n{last}\n".encode()


def tuple_of(*items):
    return pickle.MARK + b"".join(items) + pickle.TUPLE


EMPTY = name("collections.OrderedDict") + pickle.EMPTY_TUPLE + pickle.REDUCE


def storage(key, count, kind="torch.FloatStorage"):
    place = (text("storage"), name(kind), text(key), text("cpu"), number(count), pickle.NONE)
    return tuple_of(*place) + pickle.BINPERSID


def tensor(where, shape, strides, offset=0):
    """Operations that make a tensor; shape and strides count numbers."""
    sides, steps = (tuple_of(*map(number, values)) for values in (shape, strides))
    arguments = tuple_of(where, number(offset), sides, steps, pickle.NEWFALSE, EMPTY)
    return name("torch._utils._rebuild_tensor_v2") + arguments + pickle.REDUCE


def state(items, attributes=True):
    """A pickle of a dict of names to operations, with attributes as a `state_dict()` has."""
    pairs = b"".join(text(key) + value for key, value in items.items())
    content = EMPTY + pickle.MARK + pairs + pickle.SETITEMS
    if attributes:
        metadata = text("_metadata") + EMPTY + pickle.SETITEM
        content += pickle.EMPTY_DICT + metadata + pickle.BUILD
    return pickle.PROTO + b"\x02" + content + pickle.STOP


def whole(pickled, arrays):
    """A file of a pickled state dict and the numbers of its storages, key to array."""
    keys = pickle.dumps(list(arrays), 2)
    numbers = (struct.pack("<q", x.size) + x.tobytes() for x in arrays.values())
    return MAGIC + PROTOCOL + SYSTEM + pickled + keys + b"".join(numbers)


def torch_file(arrays):
    """The file of a state dict of arrays, each in a storage of its own."""
    items = {
        key: tensor(
            storage(key, x.size, f"torch.{KINDS[x.dtype.kind]}"),
            x.shape,
            [step // x.itemsize for step in np.ascontiguousarray(x).reshape(x.shape).strides],
        )
        for key, x in arrays.items()
    }
    return whole(state(items), arrays)
