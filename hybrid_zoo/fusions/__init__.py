"""Fusions: one per file."""

from hybrid_zoo.fusions.concat import concat

__all__ = ["concat"]
