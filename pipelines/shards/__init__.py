"""A cohort as a TensorFlow data set in shards, where one folder of files is too much."""

from hybrid_zoo.pipelines.shards.reading import Shards

__all__ = ["Shards"]
