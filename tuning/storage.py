"""Keep a fitted baseline in a file that cannot run code when it is opened."""

from pathlib import Path
from zipfile import BadZipFile

import skops.io
from sklearn.pipeline import Pipeline

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.tuning.files import write_whole

# What our own pipelines hold beyond what skops trusts by itself. Frozen: a file that needs more is
# not one of ours.
_TRUSTED = (
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.feature_selection._univariate_selection.chi2",
    "sklearn.tree._tree.Tree",
)


def save_baseline(path: str | Path, pipeline: Pipeline) -> Path:
    """Write a fitted pipeline; the file is either whole or not there.

    Args:
        path: Where to; the folder is made.
        pipeline: As of `FittedBaseline.pipeline`.

    Returns:
        The path.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, skops.io.dumps(pipeline))
    return path


def load_baseline(path: str | Path) -> Pipeline:
    """Read a pipeline written by `save_baseline`.

    Args:
        path: The file.

    Raises:
        UnsafeArtifactError: If it holds a type that our pipelines do not have.
        CorruptArtifactError: If it is missing, truncated, damaged, or no pipeline.
    """
    path = Path(path)
    try:
        unknown = set(skops.io.get_untrusted_types(file=path)) - set(_TRUSTED)
        if unknown:
            raise UnsafeArtifactError(
                f"{path.name} holds {sorted(unknown)[:5]}, which no baseline of this package has; "
                "it was not opened. Use only files that `hybrid-zoo study` wrote."
            )
        pipeline = skops.io.load(path, trusted=list(_TRUSTED))
    except (BadZipFile, OSError, EOFError, KeyError, ValueError) as error:
        raise CorruptArtifactError(
            f"{path.name} cannot be read ({type(error).__name__}); expected a file that "
            "`hybrid-zoo study` wrote. Copy it again or repeat the study."
        ) from error
    if not isinstance(pipeline, Pipeline):
        raise CorruptArtifactError(f"{path.name} holds no pipeline; expected a fitted baseline.")
    return pipeline
