"""Model files that must not be loaded: one function per way of being bad, all from one good file."""

import functools
import io
import struct
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import keras

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.layers.presence import Scrub
from hybrid_zoo.saving.archive import seal

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
Parts = dict[str, bytes]


class Bad(NamedTuple):
    """A bad file: how it is made of the parts of a good one, and how it must be refused."""

    name: str
    make: Callable[[Parts], bytes]
    error: type[Exception]
    words: str


BAD: list[Bad] = []


def bad(error: type[Exception], words: str):
    """Add a maker to the list."""

    def add(make):
        BAD.append(Bad(make.__name__, make, error, words))
        return make

    return add


damaged = functools.partial(bad, CorruptArtifactError)
malicious = functools.partial(bad, UnsafeArtifactError)


def make_good(path: Path) -> Parts:
    """Write a small compiled model the plain way; return its parts."""
    x = keras.Input((4,), name="x")
    h = keras.layers.Dense(3, activation="relu", kernel_regularizer="l2", name="first")(Scrub()(x))
    out = keras.layers.Dense(1, name="last")(keras.layers.Dropout(0.3, name="drop")(h))
    model = keras.Model(x, out, name="good")
    adam = keras.optimizers.Adam(name="adam")
    model.compile(adam, keras.losses.MeanSquaredError(), metrics=[keras.metrics.AUC()])
    model.optimizer.build(model.trainable_variables)
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def pack(parts: Parts, **changes) -> bytes:
    """Return an archive; `changes` are arguments of its writer."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", **changes) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return content.getvalue()


def entry(name: str, **changes) -> zipfile.ZipInfo:
    """Return an archive's entry with some fields of its own."""
    info = zipfile.ZipInfo(name)
    for field, value in changes.items():
        setattr(info, field, value)
    return info


def flipped(content: bytes, place: int) -> bytes:
    """Return the content with one bit changed."""
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def sealed(parts: Parts) -> bytes:
    """Return the good archive with its digest."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sealed.keras")
        path.write_bytes(pack(parts))
        seal(path)
        return path.read_bytes()


# --- the archive is damaged


@damaged("truncated or no archive")
def empty(parts):
    return b""


@damaged("truncated or no archive")
def half(parts):
    return pack(parts)[: len(pack(parts)) // 2]


@damaged("truncated or no archive")
def last_byte_missing(parts):
    return pack(parts)[:-1]


@damaged("truncated or no archive")
def trailing_junk(parts):
    return pack(parts) + b"junk"


@damaged("truncated or no archive")
def pickle(parts):
    return b"\x80\x04cposix\nsystem\n\x8c\x10touch sprung\x85R." * 9


@damaged("truncated or no archive")
def bare_weights(parts):
    return parts[WEIGHTS]


@damaged("truncated or no archive")
def strange_comment(parts):
    content = io.BytesIO(pack(parts))
    with zipfile.ZipFile(content, "a") as archive:
        archive.comment = b"hybrid_zoo sha256 unknown"
    return content.getvalue()


@damaged("truncated or no archive")
def list_of_members_overwritten(parts):
    content = pack(parts)
    return content.replace(b"PK\x01\x02", b"PK\x00\x00")


@damaged("damaged at model.weights.h5")
def weights_flipped(parts):
    content = pack(parts)
    return flipped(content, content.index(b"\x89HDF") + 900)


@damaged("damaged at config.json")
def config_flipped(parts):
    content = pack(parts)
    return flipped(content, content.index(b'"units"') + 2)


@damaged("damaged at config.json")
def packed_config_flipped(parts):
    content = pack(parts, compression=zipfile.ZIP_DEFLATED)
    return flipped(content, content.index(b"config.json") + 40)


@damaged("its SHA-256 is .* was recorded")
def sealed_time_flipped(parts):
    content = sealed(parts)
    return flipped(content, content.index(b"PK\x01\x02") + 12)


@damaged("its SHA-256 is .* was recorded")
def sealed_digest_flipped(parts):
    content = sealed(parts)
    return content[:-1] + (b"0" if content[-1:] != b"0" else b"1")


for member in (CONFIG, METADATA, WEIGHTS):

    @damaged(rf"lacks \['{member}'\]")
    def member_missing(parts, member=member):
        return pack({name: part for name, part in parts.items() if name != member})


# --- the archive is malicious

for name in (
    "../sprung",
    "/tmp/sprung",
    "..\\sprung",
    "C:\\sprung",
    "assets/",
    "assets/../../sprung",
    "model.weights.npz",
    "config.json/../sprung",
    "\u202enosj.gifnoc",
):

    @malicious("is no part of a model")
    def foreign_member(parts, name=name):
        return pack(parts | {name: b"sprung"})


@malicious("is no part of a model")
def name_behind_a_zero(parts):
    return pack(parts | {"config.json-hidden": b"{}"}).replace(b"json-hidden", b"json\0hidden")


@malicious("is there twice")
def config_twice(parts):
    content = pack(parts | {"config.jsoN": b"{}"})
    return content.replace(b"config.jsoN", b"config.json")


@malicious("is no regular file")
def link_to_a_file(parts):
    link = entry(METADATA, create_system=3, external_attr=0o120777 << 16)
    return pack({link: b"/etc/passwd"} | {k: v for k, v in parts.items() if k != METADATA})


@malicious("is encrypted")
def encrypted(parts):
    content = bytearray(pack(parts))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@malicious("is packed by method 12")
def packed_without_a_bound(parts):
    return pack(parts, compression=zipfile.ZIP_BZIP2)


@malicious("unpacks to [0-9]+ times its size")
def bomb(parts):
    return pack(parts | {WEIGHTS: bytes(100 * 2**20)}, compression=zipfile.ZIP_DEFLATED)


@malicious("unpacks to 17825792 bytes, more than 16777216")
def bomb_of_config(parts):
    return pack(parts | {CONFIG: b" " * 17 * 2**20}, compression=zipfile.ZIP_DEFLATED)


@malicious("unpacks to 4294967294 bytes, more than 65536")
def size_that_lies(parts):
    content = bytearray(pack(parts))
    start = content.rindex(b"PK\x01\x02", 0, content.rindex(METADATA.encode()))
    content[start + 24 : start + 28] = struct.pack("<L", 2**32 - 2)
    return bytes(content)


@malicious("list of members has [0-9]+ bytes")
def thousands_of_members(parts):
    return pack(parts | {f"part-{k}": b"" for k in range(3000)})


@malicious("list of members has .* not where it should be")
def second_list_of_members(parts):
    content = pack(parts)
    return content[:-22] + b"PK\x06\x07" + bytes(16) + content[-22:]
