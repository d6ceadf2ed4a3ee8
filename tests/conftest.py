"""Fixtures that any test may use."""

import random
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("hybrid_zoo") is None or find_spec("hybrid_zoo.pipelines") is None:
    raise pytest.UsageError("hybrid_zoo is not installed; run: pip install -e '.[test]'")

sys.path.insert(0, str(Path(__file__).parent))  # so that tests can import `factories`


# Files that take longest, longest first: whichever comes last keeps one core waiting.
LONGEST = """
study examples encoders jax options training hybrid images shards bags saving fusions table_fuzz
tuner search store
""".split()


def pytest_collection_modifyitems(items):
    """Begin with the longest files; needs --no-loadscope-reorder where tests run in parallel."""
    rank = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(autouse=True)
def same_seed():
    """Keras draws its seeds from Python's generator: no test may start with dead units by chance."""
    random.seed(1)


@pytest.fixture
def cohort_folder(tmp_path):
    """A valid cohort of 40 samples with tabular, events, images and notes."""
    from factories import make_cohort

    return make_cohort(tmp_path / "cohort")
