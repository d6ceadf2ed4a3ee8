"""Sequence encoders: one architecture per file."""

from hybrid_zoo.sequences.lstm import lstm

__all__ = ["lstm"]
