"""The layers that must not run in half precision."""

import keras


class FullPrecision(keras.layers.Layer):
    """A layer that computes in float32 whatever the global policy says.

    In float16 a pixel of 65535 is infinite, which here means not observed, and a large category
    code is another one. In bfloat16 65,537 and 65,600 are one number, and so are the hours 1001
    and 1002.

    Source:
        Own design, because a policy meant for the encoders must not change the raw inputs.
    """

    def __init__(self, **kwargs) -> None:
        super().__init__(**{"dtype": "float32"} | kwargs)
