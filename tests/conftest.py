"""Fixtures that any test may use."""

import os
import random
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("hybrid_zoo") is None or find_spec("hybrid_zoo.pipelines") is None:
    raise pytest.UsageError("hybrid_zoo is not installed; run: pip install -e '.[test]'")

# Where tests run side by side, each has cores of its own, which its children take over: threads
# that wander, or more of them than cores, keep the others waiting.
if "PYTEST_XDIST_WORKER" in os.environ:
    for threads in ("TF_NUM_INTRAOP_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(threads, "1")
    if hasattr(os, "sched_setaffinity"):  # not on macOS and Windows
        number = int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
        cores = sorted(os.sched_getaffinity(0))[
            number :: int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
        ]
        os.sched_setaffinity(0, cores or os.sched_getaffinity(0))

sys.path.insert(0, str(Path(__file__).parent))  # so that tests can import `factories`


# Files that take longest, longest first: whichever comes last keeps one core waiting.
LONGEST = """
newcomer study study_kinds examples encoders rivals jax options training hybrid images shards bags saving
fusions predict frozen table_fuzz tuner leaks search search_report store
""".split()


def pytest_collection_modifyitems(items):
    """Begin with the longest files; needs --no-loadscope-reorder where tests run in parallel."""
    rank = {f"test_{name}.py": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))


@pytest.fixture(autouse=True)
def same_seed():
    """Keras draws its seeds from Python's generator: no test may start with dead units by chance."""
    random.seed(1)


@pytest.fixture(scope="module")
def quick_fits():
    """What makes many small fits quick: graphs as they were traced, and one thread."""
    import tensorflow as tf
    from threadpoolctl import threadpool_limits

    # To rewrite a graph so that it runs faster takes longer than the few steps it runs here.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    with pytest.MonkeyPatch.context() as patch, threadpool_limits(1):
        for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
            patch.setenv(threads, "1")  # of the process that fits baselines
        yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture
def cohort_folder(tmp_path):
    """A valid cohort of 40 samples with tabular, events, images and notes."""
    from factories import make_cohort

    return make_cohort(tmp_path / "cohort")


@pytest.fixture
def call(monkeypatch, capsys):
    """Run `hybrid-zoo ...` in this process; return the exit code, what it printed, its errors."""

    from hybrid_zoo.studies import cli

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["hybrid-zoo", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "300")
        with pytest.raises(SystemExit) as ended:
            cli.main()
        output = capsys.readouterr()
        return ended.value.code or 0, output.out, output.err

    return run
