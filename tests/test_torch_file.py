"""PyTorch's files are read without PyTorch, and a bad one does nothing but be refused."""

import os
import pickle
import random
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from torch_files import (
    MAGIC,
    PROTOCOL,
    SYSTEM,
    name,
    number,
    state,
    storage,
    tensor,
    text,
    torch_file,
    tuple_of,
    whole,
)

from hybrid_zoo.errors import (
    ConfigError,
    CorruptArtifactError,
    HybridZooError,
    UnsafeArtifactError,
)
from hybrid_zoo.layers.torch_file import read_torch
from hybrid_zoo.layers.torch_pickle import NAMES, OPERATIONS

SIX = np.arange(6, dtype="float32")
SMALL = torch_file({"kernel": SIX.reshape(2, 3), "steps": np.array(7)})
UNSAFE, CORRUPT = UnsafeArtifactError, CorruptArtifactError


def read(content, folder):
    path = folder / "weights.pth"
    path.write_bytes(content)
    return read_torch("tiny", path)


def of_tensor(operations, numbers=SIX):
    return whole(state({"kernel": operations}), {"0": numbers})


class Evil:
    """What a pickle can do where it is loaded."""

    def __reduce__(self):
        return os.system, ("touch pwned",)


def test_arrays_are_read_as_they_were_written(tmp_path):
    found = read(SMALL, tmp_path)
    np.testing.assert_array_equal(found["kernel"], SIX.reshape(2, 3))
    assert list(found) == ["kernel", "steps"] and found["kernel"].dtype == "float32"
    assert found["steps"].shape == () and found["steps"].dtype == "int64" and found["steps"] == 7
    assert not found["kernel"].flags.writeable


def test_tensors_may_share_a_storage_by_strides_and_offset(tmp_path):
    parts = {
        "turned": tensor(storage("0", 6), (3, 2), (1, 3)),
        "tail": tensor(storage("0", 6), (2, 1), (2, 999), offset=3),
    }
    found = read(whole(state(parts, attributes=False), {"0": SIX}), tmp_path)
    np.testing.assert_array_equal(found["turned"], SIX.reshape(2, 3).T)
    np.testing.assert_array_equal(found["tail"], [[3], [5]])


EVIL = pickle.dumps(Evil(), 2)[2:-1]
REFUSED = {
    "system": (EVIL, rf"holds '{os.name}.system'; expected a plain state dict"),
    "eval": (name("builtins.eval"), "holds 'builtins.eval'"),
    "half": (tensor(storage("0", 6, "torch.HalfStorage"), (6,), (1,)), "'torch.HalfStorage'"),
    "newer": (pickle.dumps(Evil(), 4)[2:-1], "holds the operation FRAME"),
    "class": (b"(ios\nsystem\n", "holds the operation INST"),
    "extension": (pickle.EXT1 + b"\x01", "holds the operation EXT1"),
    "number": (number(3), "holds 'kernel', a int that is no tensor"),
    "nested": (pickle.EMPTY_DICT, "holds 'kernel', a dict that is no tensor"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_of_anything_but_tensors_is_refused_by_name(case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    operations, match = REFUSED[case]
    with pytest.raises(UNSAFE, match=rf"^tiny: 'weights.pth' {match}|{match}"):
        read(of_tensor(operations), tmp_path)
    assert os.listdir() == ["weights.pth"]


def test_only_the_head_of_a_file_is_needed_to_refuse_it(tmp_path):
    for place in range(4):
        parts = [MAGIC, PROTOCOL, SYSTEM, b"\x80\x02N."]
        parts[place] = pickle.dumps(Evil(), 2)
        with pytest.raises(UNSAFE, match=rf"'{os.name}.system'"):
            read(b"".join(parts), tmp_path)


def test_a_file_cut_anywhere_is_refused(tmp_path):
    for length in range(len(SMALL)):
        with pytest.raises(CORRUPT, match=r"'weights.pth' is cut or damaged"):
            read(SMALL[:length], tmp_path)
    with pytest.raises(CORRUPT, match="1 bytes follow its last storage"):
        read(SMALL + b"\0", tmp_path)


CLAIMS = {
    "more numbers than bytes": of_tensor(tensor(storage("0", 2**30), (6,), (1,))),
    "more than its storage": of_tensor(tensor(storage("0", 6), (7,), (1,))),
    "the same number often": of_tensor(tensor(storage("0", 6), (2**30, 2**30), (0, 0))),
    "a stride beyond": of_tensor(tensor(storage("0", 6), (2, 3), (4, 1))),
    "a stride backwards": of_tensor(tensor(storage("0", 6), (6,), (-1,), offset=5)),
    "an offset beyond": of_tensor(tensor(storage("0", 6), (6,), (1,), offset=1)),
    "an offset before": of_tensor(tensor(storage("0", 6), (6,), (1,), offset=-1)),
    "more strides than sides": of_tensor(tensor(storage("0", 6), (6,), (1, 1))),
    "nothing": of_tensor(tensor(storage("0", 6), (0, 2**30), (1, 1))),
    "forty axes": of_tensor(tensor(storage("0", 6), (1,) * 40, (1,) * 40)),
    "no storage": of_tensor(tensor(text("0"), (6,), (1,))),
    "two counts of one storage": whole(
        state({"a": tensor(storage("0", 6), (6,), (1,)), "b": tensor(storage("0", 5), (5,), (1,))}),
        {"0": SIX},
    ),
    "another storage": whole(state({"a": tensor(storage("0", 6), (6,), (1,))}), {"1": SIX}),
    "another call": of_tensor(name("collections.OrderedDict") + tuple_of(text("x")) + b"R"),
    "a tensor of nothing": of_tensor(name("torch._utils._rebuild_tensor_v2") + b")R"),
    "another byte order": SMALL.replace(SYSTEM, SYSTEM.replace(b"\x88", b"\x89")),
    "another magic number": SMALL.replace(MAGIC, PROTOCOL),
    "a key that is deeply nested": MAGIC + PROTOCOL + SYSTEM + b"}" + b")" + b"\x85" * 500_000 + b"Ns.",
    "keys that are deeply nested": MAGIC + PROTOCOL + SYSTEM + state({}) + b"])" + b"\x85" * 500_000 + b"a.",
}  # fmt: skip


@pytest.mark.parametrize("case", CLAIMS)
def test_a_file_that_claims_what_it_does_not_hold_is_refused(case, tmp_path):
    with pytest.raises(CORRUPT, match=r"^tiny: 'weights.pth' is cut or damaged: "):
        read(CLAIMS[case], tmp_path)


def test_a_pickle_without_end_and_a_number_of_a_memo_take_no_memory(tmp_path):
    with pytest.raises(UNSAFE, match="holds more than 1000000 operations"):
        read(MAGIC + PROTOCOL + SYSTEM + b"N" * 1_100_000 + b".", tmp_path)
    last = b"N" + pickle.LONG_BINPUT + struct.pack("<I", 2**32 - 1) + b"."
    with pytest.raises(UNSAFE, match="a NoneType instead of a state dict"):
        read(MAGIC + PROTOCOL + SYSTEM + last, tmp_path)


def test_another_digest_is_refused_before_anything_is_read(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(EVIL)
    with pytest.raises(CORRUPT, match=r"has the SHA-256 [0-9a-f]{64}, expected 00: it is not the"):
        read_torch("tiny", path, "00")


def test_the_newer_format_is_refused_with_how_to_write_the_one_before(tmp_path):
    with pytest.raises(ConfigError, match="_use_new_zipfile_serialization=False"):
        read(b"PK\x03\x04", tmp_path)


def test_a_flipped_byte_raises_nothing_but_the_errors_of_this_package(tmp_path):
    chance, refused = random.Random(0), 0
    for _ in range(1500):
        content = bytearray(SMALL)
        for _ in range(chance.choice((1, 1, 2, 8))):
            content[chance.randrange(len(content))] = chance.randrange(256)
        try:
            assert read(bytes(content), tmp_path).keys()
        except HybridZooError:
            refused += 1
    assert 500 < refused < 1500


CODES = [code for code in pickle.__dict__.values() if isinstance(code, bytes) and len(code) == 1]
PIECES = st.sampled_from([*CODES, number(2), text("0"), storage("0", 6), *map(name, NAMES)])


@given(st.lists(PIECES, max_size=30))
def test_operations_in_any_order_raise_nothing_but_the_errors_of_this_package(
    tmp_path_factory, pieces
):
    content = MAGIC + PROTOCOL + SYSTEM + b"".join(pieces) + b"."
    with pytest.raises(HybridZooError):
        read(content, tmp_path_factory.getbasetemp())
    assert len(OPERATIONS) < 35
