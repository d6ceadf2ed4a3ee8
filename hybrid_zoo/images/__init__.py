"""Image encoders: one architecture per file, those of Keras in one table."""

from hybrid_zoo.images.applications import (
    convnext_tiny,
    densenet121,
    efficientnetv2b0,
    mobilenetv3_small,
    resnet50,
)
from hybrid_zoo.images.efficientnet_lite0 import efficientnet_lite0
from hybrid_zoo.images.paper_cnn import paper_cnn
from hybrid_zoo.images.small_resnet import small_resnet

__all__ = [
    "convnext_tiny",
    "densenet121",
    "efficientnet_lite0",
    "efficientnetv2b0",
    "mobilenetv3_small",
    "paper_cnn",
    "resnet50",
    "small_resnet",
]
