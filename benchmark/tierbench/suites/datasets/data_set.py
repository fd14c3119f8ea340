"""A data set that was opened: its pictures, its classes, and the protocol under which its figures are published."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from tierbench.suites.datasets.sample import Sample


@dataclass(frozen=True, slots=True)
class Layout:
    """How a kind of set is published, and how it is judged.

    Attributes:
        title: its name, such as `ImageNet-C`.
        crop: what of the model's preprocessing is left out: `model`: nothing; `none`: resize and crop, because the
            pictures were published already cut.
        counted: the labels that count when a set has fewer classes than the model: `all` of the model's, or those that
            are `present` in the set.
        protocol: how the pictures come to the model, for the record.
        figure: the summary that is published for it: `accuracy`, `mce` or `mean_error`.
        clean: the slice that drops are measured from; empty: none.
    """

    title: str
    crop: Literal["model", "none"] = "model"
    counted: Literal["all", "present"] = "all"
    protocol: str = "the model's own resize and crop"
    figure: Literal["accuracy", "mce", "mean_error"] = "accuracy"
    clean: str = ""


@dataclass(frozen=True)
class DataSet:
    """A data set.

    Attributes:
        name: under which it is compared over time, and which its tests have.
        spec: `KIND:PATH[@SPLIT]`, as the user wrote it.
        layout: how it is published and judged.
        samples: its pictures, in an order that is the same wherever its files are.
        notes: what a reader of its figures must know, such as missing severities, one line each.
        means: class → the names or WordNet ids that count as it, where the set says so; without an entry, its own name.
    """

    name: str
    spec: str
    layout: Layout
    samples: Sequence[Sample]
    notes: tuple[str, ...] = ()
    means: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes that its pictures have, sorted."""
        return self._summary[0]

    @property
    def slices(self) -> tuple[str, ...]:
        """Its slices, sorted."""
        return self._summary[1]

    @property
    def digest(self) -> str:
        """16 hexadecimal digits over the ids, slices and classes of its pictures; not over their content."""
        return self._summary[2]

    @cached_property
    def _summary(self) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        """Classes, slices and digest: one pass, because samples may be listed anew in each."""
        digest = hashlib.sha256(f"{self.layout}\n".encode())
        classes, slices = set(), set()
        for sample in self.samples:
            classes.add(sample.label)
            slices.add(sample.slice)
            line = "\0".join((sample.id, sample.slice, sample.label, sample.group))
            digest.update(f"{line}\n".encode("utf-8", "backslashreplace"))
        return tuple(sorted(classes)), tuple(sorted(slices)), digest.hexdigest()[:16]
