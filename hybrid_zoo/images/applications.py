"""The published backbones of `keras.applications`, as one table."""

from collections.abc import Callable
from typing import Any

import keras

from hybrid_zoo.errors import ConfigError
from hybrid_zoo.images.backbone import DEVIATION, MEAN, Architecture, Build, register_backbone
from hybrid_zoo.layers.pretrained import PUBLISHED, copy_weights

RAW = {"include_preprocessing": False}


def _register(
    build: Callable[..., keras.Model], *, options: dict[str, Any] | None = None, **row: Any
) -> Callable[..., keras.Model]:
    """Register one row of the table.

    Args:
        build: The function of `keras.applications`.
        options: Further arguments of that function.
        row: Further arguments of `Architecture`.
    """

    def whole(image: keras.KerasTensor, weights: str | None = None) -> keras.Model:
        return build(
            include_top=False,
            pooling="avg",
            input_tensor=image,
            weights=weights,
            **(options or {}),
        )

    def published(backbone: Build, channels: int) -> keras.Model:
        return copy_weights(_donor(row["name"], whole), backbone(channels))

    architecture = Architecture(
        features=lambda image: whole(image).output,
        published=published,
        origin="Keras downloads and keeps",
        **row,
    )
    return register_backbone(architecture)


def _donor(name: str, whole: Callable[..., keras.Model]) -> keras.Model:
    """Return the network for colour images with ImageNet's weights."""
    try:
        return whole(keras.Input((224, 224, 3)), PUBLISHED)
    except Exception as error:  # Keras raises no narrower one when a download fails
        raise ConfigError(
            f"{name}: weights={PUBLISHED!r} cannot be downloaded ({error}). Download that file "
            "where there is a network, and pass its path here: weights='path/to/file.h5'."
        ) from error


resnet50 = _register(
    keras.applications.ResNet50,
    name="resnet50",
    source="He et al. 2016, arXiv:1512.03385, table 1 (50 layers)",
    width=2048,
    scale=255 * DEVIATION,
    bgr=True,
)
densenet121 = _register(
    keras.applications.DenseNet121,
    name="densenet121",
    source="Huang et al. 2017, arXiv:1608.06993, table 1 (121 layers), the network of CheXNet\n"
    "    (Rajpurkar et al. 2017, arXiv:1711.05225, section 2.1)",
    width=1024,
)
efficientnetv2b0 = _register(
    keras.applications.EfficientNetV2B0,
    name="efficientnetv2b0",
    source="Tan & Le 2021, arXiv:2104.00298, section 3; B0 as in its published code",
    width=1280,
    options=RAW,
)
convnext_tiny = _register(
    keras.applications.ConvNeXtTiny,
    name="convnext_tiny",
    source="Liu et al. 2022, arXiv:2201.03545, section 3 (ConvNeXt-T)",
    width=768,
    options=RAW,
)
mobilenetv3_small = _register(
    keras.applications.MobileNetV3Small,
    name="mobilenetv3_small",
    source="Howard et al. 2019, arXiv:1905.02244, table 2",
    width=576,
    options=RAW,
    scale=2 * DEVIATION,
    offset=2 * MEAN - 1,
)
