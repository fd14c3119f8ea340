"""The kind `objectnet`: ObjectNet as it is published, with its own map from its classes to those of ImageNet."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.files import read_whole
from tierbench.common.images import open_picture
from tierbench.common.inside import open_inside
from tierbench.common.text import error_text, plural, printable
from tierbench.suites.datasets.class_folders import SUFFIXES, set_folder, strange_files, walk
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.sample import FileSource, Sample
from tierbench.suites.datasets.spec import SetSpec

if TYPE_CHECKING:
    from PIL import Image

# Each picture has a red border, so that it can be recognised in training data.
BORDER = 2
LAYOUT = Layout(
    title="ObjectNet",
    protocol=f"the red border of {BORDER} px is cut off; then the model's own resize and crop (Barbu et al. 2019)",
)
_FOLDERS, _LABELS = "mappings/folder_to_objectnet_label.json", "mappings/objectnet_to_imagenet_1k.json"


@dataclass(frozen=True, slots=True)
class BorderedSource:
    """An image file with a border.

    Attributes:
        file: the image file.
    """

    file: FileSource

    def read(self) -> Image.Image:
        """Return the picture without its border."""
        picture = open_picture(self.file.read())
        width, height = picture.size
        if min(width, height) <= 2 * BORDER:
            raise OSError(f"{width} × {height} px are nothing but border")
        return picture.crop((BORDER, BORDER, width - BORDER, height - BORDER))


def open_objectnet(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of ObjectNet whose classes ImageNet has: its folder has `images/` and `mappings/`.

    See `SetOpener`.
    """
    spec.check_options()
    spec.refuse_split()
    home = set_folder(spec, root)
    titles, labels = _mapping(spec, home, _FOLDERS), _mapping(spec, home, _LABELS)
    means = {
        folder: tuple(label.strip() for label in labels[title].split(";"))
        for folder, title in titles.items()
        if title in labels
    }
    samples, strange, others = [], [], []
    for path in walk(spec, home):
        top, *folders = path.split("/")
        if top != "images":
            continue
        if len(folders) != 2 or Path(path).suffix.lower() not in SUFFIXES:
            strange.append(path)
        elif folders[0] in means:
            samples.append(Sample(printable(path), "", folders[0], BorderedSource(FileSource(home, path))))
        else:
            others.append(folders[0])
    notes = strange_files(strange)
    if others:
        notes = (
            f"{plural(len(others), 'picture')} of {plural(len(set(others)), 'class')} that ImageNet lacks left out, as "
            "published",
            *notes,
        )
    return DataSet(spec.name, spec.text, LAYOUT, samples, notes, means)


def _mapping(spec: SetSpec, home: Path, path: str) -> dict[str, str]:
    try:
        with open_inside(home, home / path) as stream:
            content = json.loads(read_whole(stream))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(
            f"{spec.place}: {path} cannot be read ({error_text(error)}); name the folder that has images/ and mappings/"
        ) from error
    if not isinstance(content, dict) or not all(isinstance(value, str) for value in content.values()):
        raise UserError(f"{spec.place}: {path} is not an object of names; fetch it again")
    return content
