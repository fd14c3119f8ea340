"""Pictures that processes read ahead: what fails in one costs a picture, or ends the run in one line."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest
import torch
from PIL import Image

from tests.flat_sets import CLEAN, write_set
from tierbench.common.errors import UserError
from tierbench.models.identity import identity_of
from tierbench.runs.set_evaluation import SetModel, evaluate_set
from tierbench.runs.set_parts import SetParts
from tierbench.scoring.class_map import map_classes
from tierbench.suites.datasets import DataSet, SetSpec, open_data_set


class Halves:
    """Prepares pictures as the mean of one channel; how it fails on a picture of odd size is the test's."""

    labels = ("airplane", "automobile", "ship", "truck")
    fingerprint = "halves-1"

    def __init__(self, odd: Callable[[], NoReturn]) -> None:
        self.odd = odd

    def describe(self) -> dict[str, str]:
        return {}

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], np.ndarray]:
        def prepare(image: Image.Image) -> np.ndarray:
            if image.width % 2:
                self.odd()
            mean: np.ndarray = np.asarray(image, dtype=np.float32).mean(axis=(0, 1))
            return mean

        return prepare

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        return self.predict_prepared([*map(self.preparation(cropped=False), images)])

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        return self.predict(images)

    def predict_prepared(self, inputs: Sequence[object]) -> np.ndarray:
        return np.full((len(inputs), 4), 0.25, dtype=np.float32)


def raised(error: Exception) -> Callable[[], NoReturn]:
    def fail() -> NoReturn:
        raise error

    return fail


@pytest.fixture
def colours(tmp_path: Path) -> DataSet:
    """A set of two-pixel batches, whose sixth picture has an odd width."""
    write_set(tmp_path / "colours", {"": CLEAN})
    found = open_data_set(SetSpec.parse("imagefolder:colours"), tmp_path)
    odd = found.samples[5].id
    Image.new("RGB", (31, 32)).save(tmp_path / "colours" / odd)
    return found


def rows_with(odd: Callable[[], NoReturn], data_set: DataSet, folder: Path, processes: int) -> SetParts:
    classifier = Halves(odd)
    model = SetModel(classifier, identity_of(classifier), 2, processes)
    parts = SetParts(folder)
    parts.open({"set": data_set.name, "model": "m"})
    evaluate_set(model, data_set, data_set.samples, map_classes(data_set, classifier.labels), parts)
    return parts


@pytest.mark.parametrize("processes", [0, 2])
def test_a_picture_that_cannot_be_prepared_is_an_error_of_its_own(
    colours: DataSet, tmp_path: Path, processes: int
) -> None:
    rows = rows_with(raised(ZeroDivisionError("no pixel")), colours, tmp_path / "out", processes).read()
    errors = rows[rows["error"] != ""]
    assert errors["id"].tolist() == [colours.samples[5].id]
    assert errors["error"].tolist() == [
        "the picture cannot be prepared for the model: ZeroDivisionError: no pixel",
    ]
    assert len(rows) == len(colours.samples)


@pytest.mark.parametrize("processes", [0, 2])
def test_a_preparation_that_works_for_no_picture_ends_the_run_in_its_own_line(
    colours: DataSet, tmp_path: Path, processes: int
) -> None:
    with pytest.raises(UserError) as caught:
        rows_with(raised(UserError("model 'm': takes pixels only")), colours, tmp_path / "out", processes)
    assert caught.value.lines == ("model 'm': takes pixels only",)
    assert SetParts(tmp_path / "out").done() >= {sample.id for sample in colours.samples[:4]}


class Named:
    """Takes tensors by name, as models for pictures of any shape do, and knows by them what it sees."""

    labels = ("airplane", "automobile", "ship", "truck")
    fingerprint = "named-1"

    def describe(self) -> dict[str, str]:
        return {}

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], dict[str, torch.Tensor]]:
        return lambda image: {"mean": torch.from_numpy(np.asarray(image, dtype=np.float32).mean(axis=(0, 1)))}

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        return self.predict_prepared([*map(self.preparation(cropped=False), images)])

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        return self.predict(images)

    def predict_prepared(self, inputs: Sequence[dict[str, torch.Tensor]]) -> np.ndarray:
        """Say automobile of red, truck of green, ship of blue."""
        brightest = [int(each["mean"].argmax()) for each in inputs]
        return np.eye(4, dtype=np.float32)[[(1, 3, 2)[channel] for channel in brightest]]


@pytest.mark.parametrize("processes", [0, 1])
def test_a_model_gets_its_tensors_by_name_from_the_process_that_read_the_picture(
    tmp_path: Path, processes: int
) -> None:
    write_set(tmp_path / "colours", {"": CLEAN})
    data_set = open_data_set(SetSpec.parse("imagefolder:colours"), tmp_path)
    parts, classifier = SetParts(tmp_path / "out"), Named()
    parts.open({"set": "colours", "model": "m"})
    model = SetModel(classifier, identity_of(classifier), 2, processes)
    evaluate_set(model, data_set, data_set.samples, map_classes(data_set, classifier.labels), parts)
    rows = parts.read()
    assert rows["error"].eq("").all()
    assert rows["correct"].all()


@dataclass(frozen=True)
class Killing:
    """A source that notes the memory of the process that reads it, and kills it, unless it is the one that made it."""

    maker: int
    note: Path

    def read(self) -> bytes:
        if os.getpid() != self.maker:
            maps = Path("/proc/self/maps")
            self.note.write_text(maps.read_text() if maps.exists() else "")
            os.kill(os.getpid(), signal.SIGKILL)
        return b""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="pictures are read by processes where the system can fork")
def test_a_process_that_is_killed_ends_the_run_in_one_line_and_what_was_scored_is_kept(
    colours: DataSet, tmp_path: Path
) -> None:
    samples = [*colours.samples]
    samples[7] = replace(samples[7], source=Killing(os.getpid(), tmp_path / "maps"))
    with pytest.raises(UserError, match=r"a process that reads pictures was killed.*: run again, with fewer processes"):
        rows_with(raised(ValueError()), replace(colours, samples=samples), tmp_path / "out", 1)
    assert SetParts(tmp_path / "out").done() >= {sample.id for sample in samples[:2]}
    # The pictures were on their way in blocks without a name, of which nothing can be left.
    if sys.platform == "linux":
        lines = (tmp_path / "maps").read_text().splitlines()
        named = {place[0] for line in lines if (place := line.split(maxsplit=5)[5:])}
        assert sum(line.endswith("/dev/zero (deleted)") and size_of(line) == 2 << 22 for line in lines) >= 3
        assert [name for name in named if "/shm/" in name and not name.endswith("(deleted)")] == []


def size_of(line: str) -> int:
    """Return the bytes of a piece of memory, as Linux lists them."""
    first, end = (int(text, 16) for text in line.split()[0].split("-"))
    return end - first
