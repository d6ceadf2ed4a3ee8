"""Write a model to one file, whole or not at all, and read it back without trusting it."""

import json
import os
import secrets
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import keras

import hybrid_zoo.assembly
import hybrid_zoo.bags
import hybrid_zoo.fusions
import hybrid_zoo.images
import hybrid_zoo.notes
import hybrid_zoo.sequences
import hybrid_zoo.tabular
import hybrid_zoo.volumes
from hybrid_zoo.errors import ConfigError, CorruptArtifactError
from hybrid_zoo.saving.allowed import Registered, check_config, read_json
from hybrid_zoo.saving.archive import (
    CONFIG,
    DAMAGE,
    METADATA,
    WEIGHTS,
    check_digest,
    check_members,
    seal,
    unpack,
)
from hybrid_zoo.saving.weights import Shapes, check_fit, first_reason, read_shapes

PARTS = (
    hybrid_zoo.assembly,
    hybrid_zoo.bags,
    hybrid_zoo.fusions,
    hybrid_zoo.images,
    hybrid_zoo.notes,
    hybrid_zoo.sequences,
    hybrid_zoo.tabular,
    hybrid_zoo.volumes,
)
"""Their import registers every layer that a saved model may hold."""


def save(model: keras.Model, path: str | Path) -> Path:
    """Write a model to one file, whole or not at all, with its SHA-256.

    The file is written under a name of its own beside `path`, checked as `load` checks it, and
    renamed when it is on the disk: whatever happens, `path` is the old file or the new one. A new
    file gets the permissions that the umask leaves, a replaced one keeps its own.

    Args:
        model: Any Keras model of parts that `load` allows.
        path: Ends in `.keras`; its folder exists.

    Returns:
        The path.

    Raises:
        ConfigError: If the path does not end in `.keras`, or its folder does not exist.
        UnsafeArtifactError: If the model holds a part that `load` refuses: a Lambda layer, or a
            class or function that is neither Keras's nor registered.

    Source:
        Own design, because `model.save` leaves an unreadable file when it is killed.
    """
    path = Path(path)
    _check_suffix("save", path)
    if path.is_dir() or not path.parent.is_dir():
        raise ConfigError(f"save: {path} is not a file in an existing folder; create the folder.")
    _build_optimizer(model)
    target = Path(os.path.realpath(path))  # a link to a file stays one
    draft = target.with_name(f".{target.stem}-{secrets.token_hex(8)}.keras")
    try:
        draft.touch(exist_ok=False)
        if target.exists():
            shutil.copymode(target, draft)
        model.save(draft)
        seal(draft)
        with tempfile.TemporaryDirectory() as folder:
            _unpack_checked(draft, Path(folder), path.name)
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    _sync_folder(target.parent)
    return path


def load(path: str | Path) -> keras.Model:
    """Read a model, after checking all that can be checked without building it.

    Archive, configuration and weights are checked in turn, in a private copy: nothing is imported,
    run or allocated on the word of the file. A file of plain `model.save` has no SHA-256 and is
    read likewise; only damage that no other check sees goes unnoticed there. The SHA-256 detects
    damage, not a forger, who would compute it again: load what you trust.

    Args:
        path: Ends in `.keras`. Classes of your own that it holds are registered by
            `keras.saving.register_keras_serializable` in a file that was imported before.

    Returns:
        The model, compiled as it was.

    Raises:
        ConfigError: If the path does not end in `.keras` or does not exist.
        UnsafeArtifactError: If the file holds anything but the parts of a model.
        CorruptArtifactError: If the file is truncated or damaged.
    """
    path = Path(path)
    _check_file("load", path)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        config, shapes, registered = _unpack_checked(path, folder, path.name)
        check_fit(config, shapes, registered, path.name)
        try:
            return keras.saving.load_model(folder, safe_mode=True)
        except Exception as error:  # whatever Keras raises, the file is the reason
            raise CorruptArtifactError(_not_rebuilt(path, folder, error)) from error


def digest(path: str | Path) -> str:
    """Return the SHA-256 of a saved model, after comparing it with the recorded one.

    Args:
        path: Ends in `.keras`.

    Returns:
        64 hexadecimal digits, of all bytes before the recorded digest; two files of the same model
        differ, since a file holds the time of saving.

    Raises:
        ConfigError: If the path does not end in `.keras` or does not exist.
        CorruptArtifactError: If the file is not as it was saved.
    """
    path = Path(path)
    _check_file("digest", path)
    with path.open("rb") as file:
        return check_digest(file, path.name)


def _unpack_checked(
    path: Path, folder: Path, name: str
) -> tuple[dict[str, Any], Shapes, Registered]:
    """Fill a folder with the parts of a model file, each checked.

    The configuration is written anew: what was checked is what Keras reads, byte by byte.
    """
    with path.open("rb") as file:
        check_digest(file, name)
        with _open_archive(file, name) as archive:
            check_members(archive, name)
            for member in (CONFIG, METADATA, WEIGHTS):
                unpack(archive, member, folder / member, name)
    config = read_json((folder / CONFIG).read_bytes(), name, CONFIG)
    read_json((folder / METADATA).read_bytes(), name, METADATA)
    registered = check_config(config, name)
    (folder / CONFIG).write_text(json.dumps(config), encoding="ascii")
    return config, read_shapes(folder / WEIGHTS, name), registered


def _open_archive(file: BinaryIO, name: str) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(file)
    except DAMAGE as error:
        raise CorruptArtifactError(
            f"{name} is truncated or no archive ({error}). Copy it again from its source."
        ) from error


def _not_rebuilt(path: Path, folder: Path, error: Exception) -> str:
    version = json.loads((folder / METADATA).read_bytes()).get("keras_version")
    here = keras.__version__
    other = "" if version == here else f" Keras {version!s:.20} wrote it; this is Keras {here}."
    return f"{path.name} cannot be rebuilt ({first_reason(error)}).{other} Save the model again."


def _check_suffix(who: str, path: Path) -> None:
    if path.suffix != ".keras":
        raise ConfigError(f"{who}: {path.name!r} must end in '.keras'.")


def _check_file(who: str, path: Path) -> None:
    _check_suffix(who, path)
    if not path.is_file():
        raise ConfigError(f"{who}: there is no file {path}. Check the path; `save` writes one.")


def _build_optimizer(model: keras.Model) -> None:
    """Give the optimiser of a model that was never trained its state, which loading expects."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)


def _sync_folder(folder: Path) -> None:
    """Put the new name on the disk too; Windows cannot, and needs not."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
