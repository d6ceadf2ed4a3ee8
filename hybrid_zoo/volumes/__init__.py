"""Volume encoders (CT, MRI): one architecture per file."""

from hybrid_zoo.volumes.cnn3d import cnn3d

__all__ = ["cnn3d"]
