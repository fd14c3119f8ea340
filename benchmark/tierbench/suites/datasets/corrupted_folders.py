"""The kind `imagenet-c`: corruption/severity/class/picture, as ImageNet-C is published."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import listed, one_line
from tierbench.corruptions import CORRUPTION_REGISTRY
from tierbench.suites.datasets.class_folders import SUFFIXES, set_folder, strange_files, walk
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.sample import FileSource, Sample
from tierbench.suites.datasets.spec import SetSpec

CLEAN = "clean"
LAYOUT = Layout(
    title="ImageNet-C",
    crop="none",
    protocol="the published pictures of 224 px without another resize or crop (Hendrycks & Dietterich 2019)",
    figure="mce",
    clean=CLEAN,
)


def open_corrupted_folders(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of a set in the layout of ImageNet-C; a folder `clean/class/` may stand beside.

    See `SetOpener`.
    """
    home = set_folder(spec, root)
    samples: list[Sample] = []
    strange: list[str] = []
    for path in walk(home):
        parts = path.split("/")
        # The published archives group the corruptions: blur/defocus_blur/3/n01440764/….
        if len(parts) == 5 and parts[1] in CORRUPTION_REGISTRY:
            parts = parts[1:]
        place = _place(parts)
        if place is None or Path(path).suffix.lower() not in SUFFIXES:
            strange.append(path)
            continue
        label, name = parts[-2:]
        samples.append(Sample(path, place, label, FileSource(home, path), group=f"{label}/{Path(name).stem}"))
    if not samples:
        raise UserError(
            f"data set {one_line(spec.text)!r}: has no pictures in CORRUPTION/SEVERITY/CLASS/; name the folder that "
            "holds the corruptions"
        )
    slices = {sample.slice for sample in samples}
    return DataSet(spec.name, spec.text, LAYOUT, samples, (*_missing(slices), *strange_files(strange)))


def _place(parts: list[str]) -> str | None:
    """Return the slice of a picture by its folders; None if they are not of this layout."""
    if len(parts) == 3 and parts[0] == CLEAN:
        return CLEAN
    if len(parts) == 4 and parts[0] in CORRUPTION_REGISTRY and parts[1] in "12345" and len(parts[1]) == 1:
        return f"{parts[0]}+{parts[1]}"
    return None


def _missing(slices: set[str]) -> tuple[str, ...]:
    """Return the note on severities that a corruption lacks; empty if all have five."""
    names = sorted({name.partition("+")[0] for name in slices if name != CLEAN})
    lacking = [f"{name}+{level}" for name in names for level in range(1, 6) if f"{name}+{level}" not in slices]
    return (f"{len(lacking)} severities are missing: {listed(lacking, 5)}",) if lacking else ()
