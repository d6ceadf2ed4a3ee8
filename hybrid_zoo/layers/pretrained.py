"""Weights of a backbone from a local file, refused before loading where they do not fit."""

import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import h5py
import keras
from keras import ops

from hybrid_zoo.errors import ConfigError, CorruptArtifactError
from hybrid_zoo.registry import nearest

PUBLISHED = "imagenet"
KINDS = (".weights.h5", ".h5", ".keras")
Shape = tuple[int, ...]

_hollow = ContextVar("hollow", default=False)


@contextmanager
def hollow_backbones(hollow: bool = True) -> Iterator[None]:
    """Build frozen backbones whose weights are given without layers, and so without weights.

    Args:
        hollow: False builds them as ever.

    Source:
        Own design: a search resets a traced model to the state of a newly built one, and most of
        the time of building that one went into weights that are the same every time.
    """
    token = _hollow.set(hollow)
    try:
        yield
    finally:
        _hollow.reset(token)


def is_hollow() -> bool:
    """Whether frozen backbones are built without weights, here and now."""
    return _hollow.get()


def hollow_backbone(shape: Shape, width: int) -> keras.Model:
    """Return a model without weights in the place of a backbone.

    Args:
        shape: `(height, width, channels)` of an image.
        width: Number of features.
    """
    image = keras.Input(shape)
    mean = keras.layers.GlobalAveragePooling2D()(image)
    repeated = keras.layers.RepeatVector(width)(mean)
    features = keras.layers.GlobalAveragePooling1D(data_format="channels_first")(repeated)
    return keras.Model(image, features, name="backbone")


def from_file(
    who: str, build: Callable[[int], keras.Model], channels: int, path: Path
) -> keras.Model:
    """Build a backbone with the weights of a file; colour weights also serve grey images.

    Args:
        who: Name of the encoder, for messages.
        build: Number of input channels to the backbone.
        channels: Of the images.
        path: A file that `weights_file` let pass.

    Returns:
        The backbone for so many channels.

    Raises:
        ConfigError: For a file of other shapes, or of the same shapes in another order.
        CorruptArtifactError: If the file cannot be read.

    Source:
        Own design, because Keras names neither the layer nor both shapes in every case.
    """
    held = _shapes_in(who, path)
    backbone = build(channels)
    lacking = _lacking(backbone, held)
    if not lacking:
        return _load(who, backbone, path)
    if channels == 1 and len(lacking) == 1:  # perhaps only the first kernel, in three channels
        colour = build(3)
        if not _lacking(colour, held):
            return copy_weights(_load(who, colour, path), backbone)
    raise ConfigError(f"{who}: {path.name!r} does not fit. {_mismatch(*lacking[0], held)}")


def copy_weights(source: keras.Model, target: keras.Model) -> keras.Model:
    """Copy all weights; a first kernel of three channels becomes one of a single channel.

    The kernel is summed over its channels, so that a grey image gets the response of the colour
    image whose channels all equal it.

    Args:
        source: A backbone.
        target: The same backbone, perhaps for grey images.

    Returns:
        The target.

    Source:
        Own design, because convolution is linear in its input channels.
    """
    for theirs, own in zip(source.weights, target.weights, strict=True):
        same = tuple(theirs.shape) == tuple(own.shape)
        own.assign(theirs if same else ops.sum(theirs, axis=-2, keepdims=True))
    return target


def weights_file(who: str, weights: str | Path, *others: str) -> Path:
    """Return the path of a local weights file.

    Args:
        who: Name of the encoder, for messages.
        weights: What the user gave, "imagenet" excepted.
        others: Suffixes of files that Keras does not write, and that the encoder reads too.

    Raises:
        ConfigError: If it is no file, or not one of a kind that the encoder reads.
    """
    path = Path(weights)
    *first, last = map(repr, (*others, *KINDS))
    kinds = f"{', '.join(first)} or {last}"
    if not path.is_file():
        raise ConfigError(
            f"{who}: weights={str(weights)!r} is no file.{nearest(str(weights), [PUBLISHED])} "
            f"Expected None, {PUBLISHED!r} or the path of a {kinds} file."
        )
    if not path.name.endswith((*others, *KINDS)):
        raise ConfigError(
            f"{who}: weights={path.name!r} must end in {kinds}; save them with Keras."
        )
    return path


def _load(who: str, model: keras.Model, path: Path) -> keras.Model:
    """Load a file whose shapes suffice; what Keras only warns of is refused as well."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", UserWarning)
        try:
            model.load_weights(path)
            said = str(warned[0].message) if warned else ""
        except (ValueError, KeyError, OSError) as error:
            said = " ".join([line for line in str(error).splitlines() if line][:2])
    if said:
        raise ConfigError(
            f"{who}: {path.name!r} does not fit. Keras says: {said} "
            f"Pass the weights of a {who} backbone without its top."
        )
    return model


def _shapes_in(who: str, path: Path) -> list[tuple[str, Shape]]:
    """Layer and shape of every array of a file; no value is read."""
    found: list[tuple[str, Shape]] = []

    def note(place: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and not place.startswith("optimizer"):
            found.append((str(item.parent.attrs.get("name", place)), item.shape))

    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive, archive.open("model.weights.h5") as member:
                with h5py.File(member) as file:
                    file.visititems(note)
        else:
            with h5py.File(path) as file:
                file.visititems(note)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise CorruptArtifactError(
            f"{who}: {path.name!r} is truncated or no weights file of Keras."
        ) from error
    return found


def _lacking(model: keras.Model, held: list[tuple[str, Shape]]) -> list[tuple[str, Shape]]:
    """Weights of a model for which a file holds no array of their shape, in order."""
    left = Counter(shape for _, shape in held)
    lacking = []
    for weight in model.weights:
        shape = tuple(weight.shape)
        left[shape] -= 1
        if left[shape] < 0:
            lacking.append((weight.path, shape))
    return lacking


def _mismatch(name: str, shape: Shape, held: list[tuple[str, Shape]]) -> str:
    """The sentence that names a weight and the most similar array of the file."""

    def likeness(array: tuple[str, Shape]) -> tuple[bool, int]:
        got = array[1]
        return len(got) == len(shape), sum(a == b for a, b in zip(got, shape, strict=False))

    unequal = [array for array in held if array[1] != shape]
    if not unequal:
        return f"{name!r} has the shape {shape}, of which the file holds too few arrays."
    layer, got = max(unequal, key=likeness)
    return f"{name!r} has the shape {shape}, the file's nearest array {got}, in {layer!r}."
