"""Fusions: one per file."""

from hybrid_zoo.fusions.attention import attention
from hybrid_zoo.fusions.concat import concat
from hybrid_zoo.fusions.gated import gated
from hybrid_zoo.fusions.late import late
from hybrid_zoo.fusions.medfuse_lstm import medfuse_lstm

__all__ = ["attention", "concat", "gated", "late", "medfuse_lstm"]
