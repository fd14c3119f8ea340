"""Choose pictures of a data set for a suite, and copy them to a folder: the same ones for the same seed."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tierbench.common.images import PictureError, open_picture
from tierbench.common.text import one_line
from tierbench.suites.case import Case
from tierbench.suites.datasets.class_folders import SUFFIXES
from tierbench.suites.datasets.concepts import Concept
from tierbench.suites.datasets.sample import Sample
from tierbench.suites.picture_file import picture_sha256

if TYPE_CHECKING:
    from PIL import Image

# How files of a format end, where it is not the format's name.
_ENDINGS = {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif"}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that was chosen.

    Attributes:
        sample: of the set.
        concept: what it shows.
        file: the copy of it.
        source: where it is from, for the row of the case.
    """

    sample: Sample
    concept: Concept
    file: Path
    source: str


@dataclass(frozen=True, slots=True)
class Picks:
    """What was chosen.

    Attributes:
        pictures: the pictures to add.
        present: those that the suite has already, with its cases.
        left_out: which pictures were left out, and why, one line each.
        few: concept → how many pictures it has, if these are fewer than wanted.
    """

    pictures: list[Picture] = field(default_factory=list)
    present: list[Case] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    few: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Picker:
    """Chooses pictures of a data set.

    Attributes:
        title: the name of the set, with which the source of each picture begins.
        per_class: how many pictures of each class, those included that the suite has.
        seed: another one chooses others.
        folder: where the copies go, outside the suite.
        cases: the cases that the suite has.
        max_pixels: the number of pixels that a picture may have; None: Pillow's limit.
    """

    title: str
    per_class: int
    seed: int
    folder: Path
    cases: Sequence[Case]
    max_pixels: int | None = None

    def pick(self, samples: Iterable[Sample], concepts: Mapping[str, Concept]) -> Picks:
        """Choose pictures of each of the given classes.

        Pictures that cannot be read, and copies of others, are left out with a note, and the next ones take their
        place.
        """
        of_class: dict[str, list[Sample]] = {name: [] for name in concepts}
        for sample in samples:
            if sample.label in of_class:
                of_class[sample.label].append(sample)
        picks = Picks()
        # What is known by its bytes: the case or the picture that has them.
        known: dict[str, Case | Picture] = {case.sha256 or picture_sha256(case): case for case in self.cases}
        by_source = {case.source: case for case in self.cases if case.source}
        for name, candidates in of_class.items():
            self._pick_of_class(concepts[name], self._shuffled(candidates), picks, known, by_source)
        return picks

    def _pick_of_class(
        self,
        concept: Concept,
        candidates: Iterable[Sample],
        picks: Picks,
        known: dict[str, Case | Picture],
        by_source: Mapping[str, Case],
    ) -> None:
        count = 0
        for sample in candidates:
            if count == self.per_class:
                return
            source = f"{self.title}: {one_line(sample.id, 300)}"
            found = by_source.get(source) or self._new(sample, concept, source, picks, known)
            if isinstance(found, Picture):
                picks.pictures.append(found)
                count += 1
            elif found and concept.name in found.expected and found not in picks.present:
                picks.present.append(found)
                count += 1
            elif found:
                picks.left_out.append(f"{one_line(sample.id)}: it is in the suite, as {found.key}")
        if count < self.per_class:
            picks.few[concept.name] = count

    def _new(
        self, sample: Sample, concept: Concept, source: str, picks: Picks, known: dict[str, Case | Picture]
    ) -> Case | Picture | None:
        """Copy a picture; return the case that has it, or None if it cannot be used or was chosen already."""
        try:
            content, suffix = _content(sample, self.max_pixels)
        except PictureError as error:
            picks.left_out.append(f"{one_line(sample.id)}: {one_line(str(error))}")
            return None
        digest = hashlib.sha256(content).hexdigest()
        other = known.get(digest)
        if isinstance(other, Picture):
            picks.left_out.append(f"{one_line(sample.id)}: it is the same picture as {one_line(other.sample.id)}")
            return None
        if other is None:
            known[digest] = picture = Picture(sample, concept, self._copy(content, sample, concept, suffix), source)
            return picture
        return other

    def _shuffled(self, samples: Iterable[Sample]) -> list[Sample]:
        """Return the samples in an order that depends on nothing but their ids and the seed."""
        return sorted(samples, key=lambda sample: hashlib.sha256(f"{self.seed}\0{sample.id}".encode()).digest())

    def _copy(self, content: bytes, sample: Sample, concept: Concept, suffix: str) -> Path:
        """Write a picture to a folder of its own: names of pictures may be the same."""
        folder = self.folder / hashlib.sha256(sample.id.encode()).hexdigest()[:32]
        folder.mkdir(parents=True)
        # The name becomes the id of the case, without what an id cannot have.
        path = Path(sample.id)
        stem = (path.stem if path.suffix.lower() in SUFFIXES else path.name)[-40:]
        if not stem.lower().replace("_", " ").startswith(concept.name.lower()):
            stem = f"{concept.name[:40]}_{stem}"
        file = folder / f"{stem}{suffix}".replace("/", "_").replace("\0", "_")
        file.write_bytes(content)
        return file


def _content(sample: Sample, max_pixels: int | None) -> tuple[bytes, str]:
    """Return the bytes of a picture as the set has them, pixels as PNG, and the suffix for its file.

    Raises:
        PictureError: if it cannot be read or decoded.
    """
    from PIL import Image

    try:
        found = sample.source.read()
    except OSError as error:
        raise PictureError(f"the picture cannot be read: {error.strerror or error}") from error
    if not isinstance(found, bytes):
        return _as_png(found), ".png"
    open_picture(found, max_pixels=max_pixels)
    with Image.open(io.BytesIO(found)) as image:
        kind = image.format or "PNG"
    return found, _ENDINGS.get(kind, f".{kind.lower()}")


def _as_png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()
