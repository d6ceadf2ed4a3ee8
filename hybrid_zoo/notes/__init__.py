"""Note encoders: one architecture per file."""

from hybrid_zoo.notes.bigru_attention import bigru_attention
from hybrid_zoo.notes.hashed_bag import hashed_bag

__all__ = ["bigru_attention", "hashed_bag"]
