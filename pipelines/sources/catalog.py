"""The registry of sources; a source is one file here and one import line in `__init__`."""

from hybrid_zoo.registry import Registry

SOURCES = Registry("source")
