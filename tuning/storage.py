"""Keep a fitted baseline in a file that cannot run code when it is opened."""

from collections.abc import Collection
from pathlib import Path
from zipfile import BadZipFile

import skops.io
from sklearn.pipeline import Pipeline

from hybrid_zoo.errors import CorruptArtifactError, UnsafeArtifactError
from hybrid_zoo.tuning.files import write_whole

# What our own pipelines hold beyond what skops trusts by itself. Frozen: a file that needs more is
# not one of ours.
_TRUSTED = (
    "hybrid_zoo.tuning.binning.Binned",
    "hybrid_zoo.tuning.same_information.SameInformation",
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

    Raises:
        UnsafeArtifactError: If an estimator holds what only code could bring back.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        content = skops.io.dumps(pipeline)
    except Exception as error:  # an estimator is anybody's, and so is its error
        raise UnsafeArtifactError(
            f"skops cannot keep a {type(pipeline[-1]).__name__} without code that would run when "
            f"it is opened ({type(error).__name__})"
        ) from error
    write_whole(path, content)
    return path


def load_baseline(path: str | Path, trusted: Collection[str] = ()) -> Pipeline:
    """Read a pipeline written by `save_baseline`.

    Args:
        path: The file.
        trusted: Types that it may hold beside those of our own pipelines: of an estimator by
            import path the ones that the error names, once you have looked at them.

    Returns:
        The pipeline. Those that get the networks' information take their inputs, too.

    Raises:
        UnsafeArtifactError: If it holds a type that is not trusted.
        CorruptArtifactError: If it is missing, truncated, damaged, or no pipeline.
    """
    path = Path(path)
    try:
        allowed = {*_TRUSTED, *trusted}
        unknown = set(skops.io.get_untrusted_types(file=path)) - allowed
        if unknown:
            raise UnsafeArtifactError(
                f"{path.name} holds {sorted(unknown)}, which no baseline of this package has; it "
                "was not opened. Use only files that `hybrid-zoo study` wrote; of an estimator "
                "that you gave it by import path, pass these types as `trusted`."
            )
        pipeline = skops.io.load(path, trusted=sorted(allowed))
    except (BadZipFile, OSError, EOFError, KeyError, ValueError) as error:
        raise CorruptArtifactError(
            f"{path.name} cannot be read ({type(error).__name__}); expected a file that "
            "`hybrid-zoo study` wrote. Copy it again or repeat the study."
        ) from error
    if not isinstance(pipeline, Pipeline):
        raise CorruptArtifactError(f"{path.name} holds no pipeline; expected a fitted baseline.")
    return pipeline
