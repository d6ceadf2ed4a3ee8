"""Published data as cohorts, for benchmarks that read them."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hybrid_zoo.pipelines.cohort import Cohort
from hybrid_zoo.pipelines.sources import SOURCES

NAMES = {"hannover": "hannover", "physionet2012": "physionet2012", "digits": "fsdd_digits"}
"""Source to what the name of its raw folder begins with."""


@contextmanager
def prepared(name: str, data: Path) -> Iterator[Cohort]:
    """Prepare a source in a temporary folder, which is removed afterwards.

    Args:
        name: Of the source.
        data: The folder of all raw folders.
    """
    raw = next(path for path in sorted(data.iterdir()) if path.name.startswith(NAMES[name]))
    with tempfile.TemporaryDirectory() as folder:
        yield Cohort.read(SOURCES[name](raw, Path(folder) / name))
