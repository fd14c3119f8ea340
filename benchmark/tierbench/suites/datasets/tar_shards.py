"""The kind `webdataset`: tar shards in which the members `KEY.jpg` and `KEY.cls` are a picture and its class."""

from __future__ import annotations

import fnmatch
import json
import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby, product
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple

from tierbench.common.errors import UserError
from tierbench.common.files import check_size, exists, expanded, is_folder
from tierbench.common.inside import open_inside
from tierbench.common.text import listed, one_line, plural, printable
from tierbench.suites.datasets.class_folders import SUFFIXES
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.lazy_samples import LazySamples
from tierbench.suites.datasets.sample import Sample
from tierbench.suites.datasets.spec import SetSpec
from tierbench.suites.datasets.tar_index import TarError, TarMember, tar_members

# Members with the class, by the end of their name. Others are never read, pickled ones least of all.
_LABELS = ("cls", "json", "txt")
_JSON_KEYS = ("label", "cls", "class", "class_name")
_LABEL_BYTES = 1 << 16
_RANGE = re.compile(r"\{([0-9]{1,9})\.\.([0-9]{1,9})\}")
_MOST_SHARDS = 100_000


@dataclass(frozen=True, slots=True)
class TarSource:
    """A member of a tar archive.

    Attributes:
        home: the folder of the archives, which no link may leave.
        path: of the archive inside it.
        offset: of the content in the archive.
        size: of the content.
    """

    home: Path
    path: str
    offset: int
    size: int

    def read(self) -> bytes:
        """Return the content of the member."""
        check_size(self.size)
        with open_inside(self.home, self.home / self.path) as stream:
            stream.seek(self.offset)
            content = stream.read(self.size)
        if len(content) < self.size:
            raise OSError(f"{self.path} has become shorter")
        return content


def open_tar_shards(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures in tar archives: one, a folder of them, `shard-{000..003}.tar` or `shard-*.tar`.

    The option `image` or `label` is the end of the members' names, such as `cls`. See `SetOpener`.
    """
    spec.check_options(("image", "label"))
    spec.refuse_split()
    home, names = _shards(spec, root)
    counts: list[int] = []
    lacking: list[str] = []
    left_out, others = 0, Counter[str]()
    for name in names:
        listing = _listed(spec, home, name)
        counts.append(len(listing.samples))
        left_out += len(listing.lacking)
        lacking += listing.lacking[: 3 - len(lacking)]
        others += listing.others
    notes = []
    if left_out:
        more = f" and {left_out - 3} more" if left_out > 3 else ""
        notes.append(f"{plural(left_out, 'key')} left out, without an image and a class: {listed(lacking, 3)}{more}")
    if others:
        kinds = [f"{count} × {end}" for end, count in others.most_common()]
        notes.append(f"other members left out, never read: {listed(kinds, 5)}")
    pictures = TarPictures(spec, home, names, counts)
    return DataSet(spec.name, spec.text, Layout("WebDataset shards"), pictures, tuple(notes))


class _Listing(NamedTuple):
    """What is in a shard: the samples, the keys that lack something, and other members by the end of their name."""

    samples: list[Sample]
    lacking: list[str]
    others: Counter[str]


class TarPictures(LazySamples):
    """The pictures of tar shards, made when they are asked for; the members of one shard are in memory.

    Args:
        spec: the set.
        home: the folder of the shards.
        names: of the shards.
        counts: number of pictures in each.
    """

    def __init__(self, spec: SetSpec, home: Path, names: Sequence[str], counts: Sequence[int]) -> None:
        self._spec, self._home, self._names = spec, home, names
        self._starts = [0, *accumulate(counts)]
        self._latest: tuple[int, Sequence[Sample]] = (-1, ())

    def __len__(self) -> int:
        return self._starts[-1]

    def make(self, row: int) -> Sample:
        """Return the sample in a place of the set."""
        # The last of those that begin there: shards may be empty.
        number = bisect_right(self._starts, row) - 1
        first, end = self._starts[number : number + 2]
        if self._latest[0] != number:
            samples = _listed(self._spec, self._home, self._names[number]).samples
            if len(samples) != end - first:
                name = one_line(self._names[number])
                raise UserError(f"{self._spec.place}: {name} has changed since it was opened; run again")
            self._latest = number, samples
        return self._latest[1][row - first]

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_latest": (-1, ())}


def _listed(spec: SetSpec, home: Path, name: str) -> _Listing:
    """List a shard."""
    found = _Listing([], [], Counter())
    try:
        with open_inside(home, home / name) as stream:
            for key, members in _groups(stream, found.others):
                sample = _sample(spec, home, name, key, members, stream)
                found.samples.append(sample) if sample else found.lacking.append(f"{name}/{key}")
                found.others.update(f".{end}" for end in members if end not in _wanted(spec, members))
    except TarError as error:
        raise UserError(f"{spec.place}: {one_line(name)} {error}; fetch it again") from error
    except OSError as error:
        raise UserError(f"{spec.place}: {one_line(name)}: cannot be read: {error.strerror or error}") from error
    _check_ids(spec, found.samples)
    return found


def _shards(spec: SetSpec, root: Path) -> tuple[Path, list[str]]:
    """Return the folder of the shards and their names in it, sorted."""
    path = root / expanded(spec.path)
    home = path.parent
    if is_folder(path):
        home, names = path, [each.name for each in path.glob("*.tar")]
    elif _RANGE.search(path.name):
        names = _expanded_ranges(spec, path.name)
    elif exists(path):
        names = [path.name]
    else:
        names = fnmatch.filter((each.name for each in home.iterdir()), path.name) if is_folder(home) else []
    if not names:
        raise UserError(f"{spec.place}: there is no shard {one_line(str(path))}; fix the path")
    if missing := [name for name in names if not exists(home / name)]:
        raise UserError(f"{spec.place}: {len(missing)} of {len(names)} shards are missing: {listed(missing, 10)}")
    return home, sorted(names)


def _expanded_ranges(spec: SetSpec, name: str) -> list[str]:
    """Return the names that a name with ranges stands for."""
    # Text, and then again and again the ends of a range and the text behind it.
    first_text, *parts = _RANGE.split(name)
    choices: list[list[str]] = []
    for first, last, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
        if math.prod(map(len, choices)) * (int(last) - int(first) + 1) > _MOST_SHARDS or int(first) > int(last):
            raise UserError(
                f"{spec.place}: the range {{{first}..{last}}} must go up, to {_MOST_SHARDS:,} shards at most; fix it"
            )
        choices.append([f"{str(number).zfill(len(first))}{text}" for number in range(int(first), int(last) + 1)])
    return [first_text + "".join(each) for each in product(*choices)]


def _groups(stream: BinaryIO, others: Counter[str]) -> Iterator[tuple[str, dict[str, TarMember]]]:
    """Yield each key with its members by the end of their names; all members of a key follow each other."""
    files = []
    for member in tar_members(stream):
        base = member.name.rpartition("/")[2]
        if member.regular and "." in base[1:] and not base.startswith("."):
            files.append(member)
        elif not member.name.endswith("/"):
            others["link or special file" if not member.regular else "no ending"] += 1
    for key, members in groupby(files, lambda member: _split(member.name)[0]):
        yield key, {_split(member.name)[1]: member for member in members}


def _split(name: str) -> tuple[str, str]:
    """Return the key of a member and the end of its name, which begins after the first dot of the last part."""
    folder, slash, base = name.rpartition("/")
    stem, _, end = base.partition(".")
    return f"{folder}{slash}{stem}", end.lower()


def _wanted(spec: SetSpec, members: Mapping[str, TarMember]) -> tuple[str | None, str | None]:
    """Return which of the members of a key are the image and the class."""
    images = [end for end in members if PurePosixPath(f"x.{end}").suffix in SUFFIXES]
    if image := spec.options.get("image"):
        images = [end for end in members if end == image]
    if len(images) > 1:
        raise UserError(
            f"{spec.place}: keys have several images: {listed(images, 5)}; choose with ?image={one_line(images[0])}"
        )
    choices = (spec.options["label"],) if "label" in spec.options else _LABELS
    label = next((end for end in choices if end in members), None)
    return images[0] if images else None, label


def _sample(
    spec: SetSpec, home: Path, shard: str, key: str, members: Mapping[str, TarMember], stream: BinaryIO
) -> Sample | None:
    image, end = _wanted(spec, members)
    if image is None or end is None:
        return None
    label = _label(members[end], end, stream)
    if label is None:
        return None
    member = members[image]
    source = TarSource(home, shard, member.offset, member.size)
    return Sample(f"{printable(shard)}/{key}", "", label, source)


def _label(member: TarMember, end: str, stream: BinaryIO) -> str | None:
    """Return the class that a member names; None if it names none."""
    if member.size > _LABEL_BYTES:
        return None
    stream.seek(member.offset)
    text = stream.read(member.size).decode("utf-8", "replace").strip()
    if end != "json":
        return printable(text) if text and "\n" not in text else None
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return None
    values = [content[key] for key in _JSON_KEYS if key in content] if isinstance(content, dict) else [content]
    if values and isinstance(values[0], str | int) and not isinstance(values[0], bool):
        return printable(str(values[0])).strip() or None
    return None


def _check_ids(spec: SetSpec, samples: list[Sample]) -> None:
    counts = Counter(sample.id for sample in samples)
    if twice := [name for name, count in counts.items() if count > 1]:
        raise UserError(f"{spec.place}: {plural(len(twice), 'key')} twice in a shard: {listed(twice, 5)}; rename them")
