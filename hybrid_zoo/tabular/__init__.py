"""Tabular encoders: one architecture per file."""

from hybrid_zoo.tabular.mlp import mlp
from hybrid_zoo.tabular.plr_mlp import plr_mlp

__all__ = ["mlp", "plr_mlp"]
