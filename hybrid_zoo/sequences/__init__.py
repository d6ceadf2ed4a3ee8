"""Sequence encoders: one architecture per file."""

from hybrid_zoo.sequences.attention_lstm import attention_lstm
from hybrid_zoo.sequences.bilstm import bilstm
from hybrid_zoo.sequences.gru import gru
from hybrid_zoo.sequences.grud import grud
from hybrid_zoo.sequences.lstm import lstm
from hybrid_zoo.sequences.tcn import tcn
from hybrid_zoo.sequences.transformer import transformer

__all__ = ["attention_lstm", "bilstm", "gru", "grud", "lstm", "tcn", "transformer"]
