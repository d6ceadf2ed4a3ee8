"""Made-up patients whose outcome one bright spot of the picture decides, at a place that is known."""

import keras
import numpy as np

from hybrid_zoo import HybridOptions, InputSpec, build_hybrid

SIDE, RADIUS = 32, 3


def spotted(patients, seed):
    """Inputs, who is ill, and where the spots are: `(patients, 1, 32, 32)` bool."""
    rng = np.random.default_rng(seed)
    ill = np.arange(patients) % 2 == 1
    centres = rng.integers(RADIUS + 1, SIDE - RADIUS - 1, (patients, 1, 2))
    rows, columns = np.indices((SIDE, SIDE))
    down, across = rows - centres[..., :1, None], columns - centres[..., 1:, None]
    spots = (np.hypot(down, across) <= RADIUS) & ill[:, None, None, None]
    # The ground varies from place to place: in an even one a transposed map would be as good.
    images = rng.normal(100, 20, spots.shape) + 90 * spots
    x = {
        "image": np.clip(images, 0, 255)[..., None].astype("float32"),
        "tabular": rng.normal(60, 9, (patients, 4)).astype("float32"),
    }
    return x, ill.astype("float32"), spots


def trained_on_spots(x, ill, epochs, seed=0):
    """A hybrid of the default encoders that has learned who is ill."""
    keras.utils.set_random_seed(seed)
    options = HybridOptions(metrics=False)
    model = build_hybrid(InputSpec.from_arrays(x), targets=["ill"], options=options)
    model.fit(x, {"ill": ill}, epochs=epochs, batch_size=32, verbose=0)
    return model
