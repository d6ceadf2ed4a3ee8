"""Note encoders: one architecture per file."""

from hybrid_zoo.notes.hashed_bag import hashed_bag

__all__ = ["hashed_bag"]
