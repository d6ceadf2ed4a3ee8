"""Model files whose weights must not be read."""

import io
import struct

import h5py
import numpy as np
from bad_models import WEIGHTS, damaged, flipped, malicious, pack

KERNEL = "layers/dense/vars/0"


def rewritten(parts, change):
    """Return the archive with changed weights; `change` edits the open HDF5 file."""
    content = io.BytesIO(parts[WEIGHTS])
    with h5py.File(content, "r+") as file:
        change(file)
    return pack(parts | {WEIGHTS: content.getvalue()})


def case(mark):
    """Turn a change of the weights into a maker of a bad file."""

    def add(change):
        def make(parts):
            return rewritten(parts, change)

        make.__name__ = change.__name__
        return mark(make)

    return add


def unsafe(words):
    return case(malicious(words))


def broken(words):
    return case(damaged(words))


@damaged("no HDF5 signature")
def weights_of_text(parts):
    return pack(parts | {WEIGHTS: b"weights"})


@damaged("model.weights.h5 is damaged or no HDF5")
def weights_cut(parts):
    return pack(parts | {WEIGHTS: parts[WEIGHTS][:4000]})


@damaged("model.weights.h5 is damaged or no HDF5")
def weights_header_only(parts):
    return pack(parts | {WEIGHTS: parts[WEIGHTS][:8]})


@damaged("model.weights.h5 is damaged or no HDF5")
def weights_header_flipped(parts):
    return pack(parts | {WEIGHTS: flipped(parts[WEIGHTS], 8)})


@unsafe("'layers/evil', which is a ExternalLink")
def link_to_another_file(file):
    file["layers/evil"] = h5py.ExternalLink("/etc/passwd", "/")


@unsafe("'layers/evil', which is a SoftLink")
def soft_link(file):
    file["layers/evil"] = h5py.SoftLink("/layers/dense")


@unsafe("'layers/dense/vars/0', which lies outside of the file")
def array_in_another_file(file):
    del file[KERNEL]
    file.create_dataset(KERNEL, (4, 3), "f4", external=[("/etc/passwd", 0, 48)])


@unsafe("'layers/dense/vars/0', which lies outside of the file")
def array_of_other_arrays(file):
    del file[KERNEL]
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (4, 3))
    file.create_virtual_dataset(KERNEL, layout)


@unsafe("'evil', which declares 100000000000 bytes and keeps 0")
def array_of_100_gigabytes(file):
    file.create_dataset("evil", (25 * 10**9,), "f4")


@damaged("invalid dataset size")
def array_beyond_the_end(parts):
    content = io.BytesIO(parts[WEIGHTS])
    with h5py.File(content, "r+") as file:
        file["evil"] = np.zeros(7919, "u1")
    lying = content.getvalue().replace(struct.pack("<Q", 7919), struct.pack("<Q", 4 * 10**11))
    return pack(parts | {WEIGHTS: lying})


@malicious("has [0-9]+ bytes but declares arrays of [0-9]+")
def arrays_in_one_place(parts):
    content, places = io.BytesIO(parts[WEIGHTS]), {}
    with h5py.File(content, "r+") as file:
        for size in (50021, 1009, 1013, 1019):
            places[size] = file.create_dataset(f"evil{size}", data=np.zeros(size, "u1")).id
        places = {size: place.get_offset() for size, place in places.items()}
    same = content.getvalue()
    for size, place in places.items():
        for old, new in ((size, 50021), (place, places[50021])):
            same = same.replace(struct.pack("<Q", old), struct.pack("<Q", new))
    return pack(parts | {WEIGHTS: same})


@unsafe("'evil', which is split or filtered")
def packed_array(file):
    file.create_dataset("evil", data=np.zeros(10**7, "f4"), compression="gzip")


@unsafe("'evil', which is split or filtered")
def split_array(file):
    file.create_dataset("evil", (10**9,), "f4", chunks=(10**6,))


@unsafe("'evil', which holds object")
def array_of_text(file):
    file["evil"] = "text"


@unsafe("'evil', which holds ")
def array_of_records(file):
    file["evil"] = np.zeros(3, [("a", "f4"), ("b", "i4")])


@unsafe("'evil', which holds ")
def array_of_raw_bytes(file):
    file["evil"] = np.zeros(3, "V64")


@unsafe("'evil', which has no shape")
def array_without_a_shape(file):
    file["evil"] = h5py.Empty("f4")


@unsafe("which is a second way to another place")
def groups_in_a_circle(file):
    file["layers/again"] = file["/"]


@unsafe("which is a second way to another place")
def array_by_two_names(file):
    file["layers/dense/vars/again"] = file[KERNEL]


@unsafe("'evil', which is neither a group nor an array")
def named_type(file):
    file["evil"] = np.dtype("f8")


@broken(r"first/kernel .* \[4, 3\] is declared .* layers/dense/vars/0 \[4, 4\] is stored")
def kernel_of_another_shape(file):
    del file[KERNEL]
    file[KERNEL] = np.zeros((4, 4), "f4")


@broken(r"first/kernel .* \[4, 3\] is declared but not stored")
def kernel_transposed(file):
    del file[KERNEL]
    file[KERNEL] = np.zeros((3, 4), "f4")


@broken(r"first/bias \(weight 1\) \[3\] is declared but not stored; 19 .* 16")
def bias_missing(file):
    del file["layers/dense/vars/1"]


@broken(r"last/kernel .* is declared but not stored; 19 .* 15")
def layer_missing(file):
    del file["layers/dense_1"]


@broken(r": layers/evil/vars/0 \[4, 3\] is stored but not declared; 19 .* 31")
def layer_too_many(file):
    file["layers/evil/vars/0"] = np.zeros((4, 3), "f4")


@broken("cannot be rebuilt .*Dense name=first|cannot be rebuilt .*Skipping")
def layers_under_other_names(file):
    file.move("layers/dense", "layers/evil")


@broken("cannot be rebuilt")
def optimizer_of_other_shapes(file):
    del file["optimizer/vars/3"]
    file["optimizer/vars/3"] = np.zeros((7, 7), "f4")
