"""The kind `hub`: a data set of the Hugging Face Hub, through the package `datasets`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import open_regular, read_whole
from tierbench.common.text import error_text, listed, one_line
from tierbench.suites.datasets.class_lists import class_texts, row_classes
from tierbench.suites.datasets.data_set import DataSet, Layout
from tierbench.suites.datasets.lazy_samples import LazySamples
from tierbench.suites.datasets.sample import Sample
from tierbench.suites.datasets.spec import SetSpec


@dataclass(frozen=True, slots=True)
class HubSplit:
    """A split of a data set of the Hub, as `datasets.load_dataset` takes it.

    Attributes:
        path: `org/name`, or a local folder.
        config: the configuration; None: the only one.
        split: its name; empty: the only one.
        revision: commit, tag or branch; None: the newest.
    """

    path: str
    config: str | None
    split: str
    revision: str | None


@dataclass(frozen=True, slots=True)
class HubSource:
    """A picture in a data set of the Hub; the set is opened in each process that reads from it.

    Attributes:
        split: the split.
        column: of the images.
        row: in the split.
    """

    split: HubSplit
    column: str
    row: int

    def read(self) -> bytes:
        """Return the content of the image file."""
        value = _loaded(self.split, self.column)[self.row][self.column]
        content = value.get("bytes") if isinstance(value, dict) else None
        if content is None and isinstance(value, dict) and value.get("path"):
            with open_regular(Path(value["path"])) as stream:
                content = read_whole(stream)
        if not isinstance(content, bytes):
            raise OSError("the row has no image")
        return content


class HubPictures(LazySamples):
    """The pictures of a split, made when they are asked for.

    Args:
        split: the split.
        column: of the images.
        labels: the class of each row.
    """

    def __init__(self, split: HubSplit, column: str, labels: Sequence[str]) -> None:
        self._split, self._column, self._labels = split, column, labels

    def __len__(self) -> int:
        return len(self._labels)

    def make(self, row: int) -> Sample:
        """Return the sample in a row of the set."""
        name = f"{self._split.split or 'all'}#{row}"
        return Sample(name, "", self._labels[row], HubSource(self._split, self._column, row))


def open_hub(spec: SetSpec, root: Path) -> DataSet:
    """List the pictures of a split of a data set of the Hub; see `SetOpener`.

    The options are `config`, `revision`, and `image` and `label` for the columns. Code of a repository never runs.
    """
    spec.check_options(("config", "revision", "image", "label"))
    _require_datasets(spec)
    split = HubSplit(spec.path, spec.options.get("config"), spec.split, spec.options.get("revision"))
    try:
        split, features = _described(spec, split)
        image = _column(spec, features, "image", "Image")
        label = _column(spec, features, "label", "ClassLabel")
        values = _loaded(split, image).with_format(None)[label][:]
    except UserError:
        raise
    except Exception as error:
        # The library raises its own errors, those of the Hub, and those of what reads the files.
        raise UserError(
            f"{spec.place}: cannot be loaded ({error_text(error)}); check the name and the split"
        ) from error
    names = class_texts(list(map(str, getattr(features[label], "names", None) or ())))
    labels = row_classes(spec, label, values, names, split.split)
    return DataSet(spec.name, spec.text, Layout("data set of the Hub"), HubPictures(split, image, labels))


def _require_datasets(spec: SetSpec) -> None:
    try:
        import datasets  # noqa: F401 (only whether it is there)
    except ImportError as error:
        raise UserError(f"{spec.place}: needs the package datasets; run pip install 'tierbench[hub]'") from error


def _described(spec: SetSpec, split: HubSplit) -> tuple[HubSplit, Any]:
    """Return the split, chosen if there is only one, and its features."""
    import datasets

    builder = datasets.load_dataset_builder(split.path, split.config, revision=split.revision)
    builder.download_and_prepare()
    splits = sorted(builder.info.splits or ())
    if not split.split and len(splits) != 1:
        raise UserError(f"{spec.place}: has the splits {listed(splits, 10)}; choose one with @SPLIT")
    name = split.split or splits[0]
    if name not in splits:
        raise UserError(f"{spec.place}: has no split {one_line(name)!r}; its splits: {listed(splits, 10)}")
    return HubSplit(split.path, split.config, name, split.revision), builder.as_dataset(name).features


def _column(spec: SetSpec, features: Any, option: str, kind: str) -> str:
    """Return the column that the user named, or the only one of a type."""
    name = spec.options.get(option)
    choices = [each for each, feature in features.items() if type(feature).__name__ == kind]
    # A column of names has no type of its own.
    if not choices and option == "label" and "label" in features:
        choices = ["label"]
    chosen = [name] if name in features else choices if name is None else []
    if len(chosen) != 1:
        what = f"no column {one_line(name)!r}" if name else f"{len(choices)} columns of type {kind}"
        raise UserError(f"{spec.place}: has {what}; its columns: {listed(features, 20)}; choose with ?{option}=COLUMN")
    return str(chosen[0])


@lru_cache(maxsize=2)
def _loaded(split: HubSplit, column: str) -> Any:
    """Return the split with its images as bytes: they are decoded here, as those of all sets are."""
    import datasets

    loaded = datasets.load_dataset(split.path, split.config, split=split.split, revision=split.revision)
    return loaded.cast_column(column, datasets.Image(decode=False))
