"""Save and load models: `.keras` only, in Keras's safe mode, never half a file."""

import os
import tempfile
import zipfile
from pathlib import Path

import keras

from hybrid_zoo import hybrid
from hybrid_zoo.errors import ConfigError, CorruptArtifactError

# The import registers every layer that a saved model may hold.
LAYERS = hybrid.COMPONENTS
LARGEST_CONFIG = 64 * 2**20
PARTS = ("config.json", "metadata.json", "model.weights.h5")


def save(model: keras.Model, path: str | Path) -> Path:
    """Write a model to one file, whole or not at all.

    Args:
        model: Any Keras model.
        path: Ends in `.keras`.

    Returns:
        The path.

    Raises:
        ConfigError: If the path does not end in `.keras`.

    Source:
        Own design, because `model.save` leaves an unreadable file when it is killed.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise ConfigError(f"save: {path.name!r} must end in '.keras'.")
    _build_optimizer(model)
    handle, draft = tempfile.mkstemp(suffix=".keras", dir=path.parent)
    os.close(handle)
    try:
        model.save(draft)
        with open(draft, "rb") as file:
            os.fsync(file.fileno())
        os.replace(draft, path)
    finally:
        Path(draft).unlink(missing_ok=True)
    return path


def load(path: str | Path) -> keras.Model:
    """Read a model that `save` wrote.

    Args:
        path: Ends in `.keras`.

    Returns:
        The model, compiled as it was.

    Raises:
        ConfigError: If the path does not end in `.keras` or does not exist.
        CorruptArtifactError: If the file is not a whole Keras archive.
    """
    path = Path(path)
    if path.suffix != ".keras" or not path.is_file():
        raise ConfigError(f"load: {path} is not a '.keras' file.")
    _check_archive(path)
    try:
        return keras.saving.load_model(path, safe_mode=True)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise CorruptArtifactError(
            f"load: {path.name} cannot be rebuilt ({type(error).__name__}). "
            "It is damaged, or another version wrote it."
        ) from error


def _build_optimizer(model: keras.Model) -> None:
    """Give the optimiser of a model that was never trained its state, which loading expects."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)


def _check_archive(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {entry.filename: entry.file_size for entry in archive.infolist()}
            damaged = archive.testzip()
    except (zipfile.BadZipFile, OSError) as error:
        raise CorruptArtifactError(f"load: {path.name} is truncated or no archive.") from error
    missing = [part for part in PARTS if part not in sizes]
    if damaged or missing:
        raise CorruptArtifactError(f"load: {path.name} is damaged at {damaged or missing}.")
    if sizes["config.json"] > LARGEST_CONFIG:
        raise CorruptArtifactError(
            f"load: config.json of {path.name} unpacks to {sizes['config.json']} bytes, "
            f"expected at most {LARGEST_CONFIG}."
        )
