"""Sources: functions that turn a published data set into a cohort folder."""

from hybrid_zoo.pipelines.sources.catalog import SOURCES
from hybrid_zoo.pipelines.sources.digits import digits
from hybrid_zoo.pipelines.sources.hannover import hannover
from hybrid_zoo.pipelines.sources.medfuse import medfuse
from hybrid_zoo.pipelines.sources.meds import meds
from hybrid_zoo.pipelines.sources.mimic4 import mimic4
from hybrid_zoo.pipelines.sources.mimic4_phenotypes import mimic4_phenotypes
from hybrid_zoo.pipelines.sources.physionet2012 import physionet2012

__all__ = [
    "SOURCES",
    "digits",
    "hannover",
    "medfuse",
    "meds",
    "mimic4",
    "mimic4_phenotypes",
    "physionet2012",
]
