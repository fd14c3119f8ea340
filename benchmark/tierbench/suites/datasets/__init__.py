"""Data sets: pictures that are judged as a whole and by slice, without a test for each."""

from __future__ import annotations

from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.lazy_samples import LazySamples, choose, choose_where
from tierbench.suites.datasets.registry import DATASET_REGISTRY, open_data_set
from tierbench.suites.datasets.sample import FileSource, Sample, Source, open_sample
from tierbench.suites.datasets.sampling import draw_sample, random_order
from tierbench.suites.datasets.spec import SetSpec, parse_sets

__all__ = [
    "DATASET_REGISTRY",
    "DataSet",
    "FileSource",
    "Layout",
    "LazySamples",
    "Sample",
    "SetSpec",
    "Source",
    "choose",
    "choose_where",
    "draw_sample",
    "open_data_set",
    "open_sample",
    "parse_sets",
    "random_order",
]
