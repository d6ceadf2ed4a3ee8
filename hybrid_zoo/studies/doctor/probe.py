"""A process of its own that imports TensorFlow and trains a tiny model.

It answers with one line of JSON per step that ended well, each behind `MARK`: what TensorFlow sees,
then, with the argument `--check`, that a model works. A library that takes its process down, as one
built for another processor does, takes this one down and nothing else.
"""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from hybrid_zoo.studies.quiet import load_tensorflow

MARK = "hybrid-zoo-doctor "


def devices() -> dict[str, Any]:
    """Return the versions as imported, the backend, and the GPUs that TensorFlow sees."""
    load_tensorflow()
    import keras
    import tensorflow as tf

    found = tf.config.list_physical_devices("GPU")
    names = [tf.config.experimental.get_device_details(gpu).get("device_name", "") for gpu in found]
    return {
        "tensorflow": tf.__version__,
        "keras": keras.__version__,
        "backend": keras.backend.backend(),
        "gpus": [name or "unnamed" for name in names],
    }


def check() -> dict[str, Any]:
    """Build a tiny model, take one training step, save, load and predict.

    Returns:
        The seconds it took and the largest change of a probability by saving and loading.
    """
    begun = time.perf_counter()
    import numpy as np

    from hybrid_zoo.hybrid import build_hybrid
    from hybrid_zoo.inputs import InputSpec
    from hybrid_zoo.saving import load, save
    from hybrid_zoo.studies import runner  # noqa: F401 (whatever a study imports must be there)

    rng = np.random.default_rng(0)
    x = {
        "image": rng.uniform(0, 255, (8, 1, 16, 16, 1)).astype("float32"),
        "sequence": rng.normal(80, 10, (8, 6, 2)).astype("float32"),
    }
    x["image"][::2] = np.nan  # half of the samples have no image
    y = {"event": (np.arange(8) % 2).astype("float32")[:, None]}
    model = build_hybrid(InputSpec.from_arrays(x), targets=["event"], units=8)
    model.train_on_batch(x, y)
    before = model.predict(x, verbose=0)["event"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        save(model, path)
        after = load(path).predict(x, verbose=0)["event"]
    if not np.isfinite(before).all():
        raise ArithmeticError("a probability is not finite")
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "change": float(np.abs(before - after).max()),
    }


def main() -> None:
    """Answer step by step."""
    print(MARK + json.dumps(devices()), flush=True)
    if "--check" in sys.argv:
        print(MARK + json.dumps(check()), flush=True)


if __name__ == "__main__":
    main()
