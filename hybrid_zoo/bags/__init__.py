"""Poolings over a sample's images: one per file."""

from hybrid_zoo.bags.gated_attention import gated_attention
from hybrid_zoo.bags.lstm import lstm
from hybrid_zoo.bags.pool import max, mean

__all__ = ["gated_attention", "lstm", "max", "mean"]
