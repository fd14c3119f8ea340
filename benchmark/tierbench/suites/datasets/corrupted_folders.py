"""The kind `imagenet-c`: corruption/severity/class/picture, as ImageNet-C is published."""

from __future__ import annotations

from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import listed, nearest, one_line, plural, printable
from tierbench.corruptions import CORRUPTION_REGISTRY, MEAN_CORRUPTIONS
from tierbench.suites.datasets.class_folders import SUFFIXES, set_folder, strange_files, walk
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.sample import FileSource, Sample, open_sample
from tierbench.suites.datasets.spec import SetSpec

CLEAN = "clean"
SEVERITIES = range(1, 6)
EDGE = 224
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
    spec.check_options()
    home = set_folder(spec, root)
    samples: list[Sample] = []
    strange: list[str] = []
    for path in walk(spec, home):
        parts = path.split("/")
        # The published archives group the corruptions: blur/defocus_blur/3/n01440764/….
        if len(parts) == 5 and parts[1] in CORRUPTION_REGISTRY:
            parts = parts[1:]
        place = _place(parts)
        if place is None or Path(path).suffix.lower() not in SUFFIXES:
            strange.append(path)
            continue
        label, name = map(printable, parts[-2:])
        samples.append(
            Sample(printable(path), place, label, FileSource(home, path), group=f"{label}/{Path(name).stem}")
        )
    if not samples:
        raise UserError(
            f"{spec.place}: has no pictures in CORRUPTION/SEVERITY/CLASS/; name the folder that holds the corruptions"
        )
    _check_clean(spec, samples)
    notes = (
        *missing_slices({sample.slice for sample in samples}),
        *_misspelt(strange),
        *strange_files(strange, "an image in CORRUPTION/SEVERITY/CLASS/"),
    )
    return DataSet(spec.name, spec.text, LAYOUT, samples, notes)


def missing_slices(slices: set[str]) -> tuple[str, ...]:
    """Return the notes on what a set lacks of 15 corruptions in 5 severities; empty if it has all."""
    names = sorted({name.partition("+")[0] for name in slices if name != CLEAN})
    notes = []
    if lacking := [name for name in MEAN_CORRUPTIONS if name not in names]:
        notes.append(f"{plural(len(lacking), 'corruption')} of 15 missing, so there is no mean: {listed(lacking, 15)}")
    levels = [f"{name}+{level}" for name in names for level in SEVERITIES if f"{name}+{level}" not in slices]
    if levels:
        notes.append(f"missing severities: {listed(levels, 5)}")
    return tuple(notes)


def _place(parts: list[str]) -> str | None:
    """Return the slice of a picture by its folders; None if they are not of this layout."""
    if len(parts) == 3 and parts[0] == CLEAN:
        return CLEAN
    if len(parts) == 4 and parts[0] in CORRUPTION_REGISTRY and parts[1] in map(str, SEVERITIES):
        return f"{parts[0]}+{parts[1]}"
    return None


def _misspelt(strange: list[str]) -> list[str]:
    """Return a note for each folder that is named almost as a corruption is."""
    folders = dict.fromkeys(part for path in strange for part in path.split("/")[:-3][:2])
    return [
        f"folder {one_line(folder, 60)!r} is no corruption; did you mean {close[0]!r}?"
        for folder in folders
        if folder not in CORRUPTION_REGISTRY and (close := nearest(folder, CORRUPTION_REGISTRY.names(), 1))
    ]


def _check_clean(spec: SetSpec, samples: list[Sample]) -> None:
    """Check that the clean pictures are cut as the corrupted ones are, by the first of them.

    Raises:
        UserError: if they are not: without a resize, the model would see them squeezed.
    """
    first = next((sample for sample in samples if sample.slice == CLEAN), None)
    try:
        size = open_sample(first).size if first else (EDGE, EDGE)
    except PictureError:
        # It becomes an error of this picture.
        return
    if size[0] != size[1]:
        raise UserError(
            f"{spec.place}: {CLEAN}/ has pictures of {size[0]} × {size[1]} px, not cut to {EDGE} px as the corrupted "
            f"ones are; resize the shorter edge to 256 px and cut the centre, or make them a set of their own"
        )
