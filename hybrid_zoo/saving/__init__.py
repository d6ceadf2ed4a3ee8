"""Save and load models: one `.keras` file, written whole, checked before anything is built."""

from hybrid_zoo.saving.model_file import digest, load, save

__all__ = ["digest", "load", "save"]
