"""Image encoders: one architecture per file."""

from hybrid_zoo.images.paper_cnn import paper_cnn

__all__ = ["paper_cnn"]
