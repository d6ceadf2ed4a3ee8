"""Tabular encoders: one architecture per file."""

from hybrid_zoo.tabular.mlp import mlp

__all__ = ["mlp"]
