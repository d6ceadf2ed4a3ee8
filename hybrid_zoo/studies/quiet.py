"""Keep TensorFlow's start-up messages off a user's terminal."""

import logging
import os
import sys


def load_tensorflow() -> None:
    """Import TensorFlow and look for devices, with the standard error stream closed meanwhile.

    The C++ library prints before any log level can be set. A failing import still raises.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        import tensorflow as tf

        tf.config.list_logical_devices()
        # Its only warning here counts the graphs of a search, one per configuration, as too many.
        logging.getLogger("tensorflow").setLevel(logging.ERROR)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
