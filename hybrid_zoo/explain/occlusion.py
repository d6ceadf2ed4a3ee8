"""What the logit loses when a part of the patient's records is hidden."""

import numpy as np

from hybrid_zoo.explain.arguments import check_at_least
from hybrid_zoo.explain.case import Case
from hybrid_zoo.explain.explanation import Result
from hybrid_zoo.explain.methods import METHODS
from hybrid_zoo.explain.parts import PATCHES, WINDOW, falls, parts_of


@METHODS.register
def occlusion(case: Case, *, parts: int = PATCHES, window: int = WINDOW) -> Result:
    """Hide one part after the other and take the logit's fall: positive where a part raises it.

    Columns, values of series, words and whole images are hidden as what was not observed: then the
    model knows that they are missing. A patch of an image, of which that cannot be said, is painted
    in the image's own mean.

    Args:
        case: The patient.
        parts: Patches along each side of an image; half as many along each of a volume.
        window: Steps of a series that are hidden at once.

    Returns:
        `image` and volumes: `(images, height, width)`, the fall at each patch; `image/whole`:
        `(images,)`. `sequence`: `(steps, variables)`, each variable's windows; `sequence/steps`
        and `sequence/variables` hide a window of all, or all of a variable. `tabular`:
        `(columns,)`. `tokens`: `(length,)`, a word everywhere at once. NaN where nothing was
        observed.

    Raises:
        ConfigError: For less than one part or step.

    Source:
        Zeiler & Fergus 2014, arXiv:1311.2901, section 4.2. NaN in the place of their grey: own
        design, because these models know what it means.
    """
    check_at_least("occlusion", 1, parts=parts, window=window)
    hidden = [part for name in case.present for part in parts_of(case, name, parts, window)]
    values = {part.result: np.full(part.shape, np.nan) for part in hidden}
    for part, fall in zip(hidden, falls(case, hidden), strict=True):
        values[part.result][part.places] = fall
    words = "Hidden as not observed; patches of images painted in the image's mean."
    return Result(values=values, absent=case.absent, words=words)
