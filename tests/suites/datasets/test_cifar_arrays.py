"""The kind `cifar10-c`: NumPy files in the published layout, and files that are damaged or something else."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.flat_colours import RGB
from tests.suites.datasets.layouts import CLASS_OF, opened, write_cifar_arrays
from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.suites.datasets import open_sample


def test_each_row_is_a_picture_of_its_severity(tmp_path: Path) -> None:
    write_cifar_arrays(tmp_path / "set")
    found = opened("cifar10-c:set", tmp_path)
    assert len(found.samples) == 2 * 5 * 6
    assert found.slices == tuple(f"{name}+{severity}" for name in ("fog", "snow") for severity in range(1, 6))
    assert found.layout.figure == "mean_error"
    assert "6 pictures in each slice, not the 10,000 of the published set" in found.notes
    sample = found.samples[6 + 2]
    assert (sample.id, sample.label, sample.group) == ("fog+2/00002", CLASS_OF["blue"], "00002")
    picture = open_sample(sample)
    assert (picture.size, picture.getpixel((0, 0))) == ((32, 32), RGB["blue"])
    assert found.samples[-1].id == "snow+5/00005"
    assert [each.id for each in found.samples[58:]] == ["snow+5/00004", "snow+5/00005"]
    assert len({each.id for each in found.samples}) == 60


def test_severities_are_read_from_their_own_rows(tmp_path: Path) -> None:
    folder = write_cifar_arrays(tmp_path / "set", ("fog",))
    pictures = np.zeros((30, 32, 32, 3), np.uint8)
    pictures[:] = np.arange(30, dtype=np.uint8)[:, None, None, None]
    np.save(folder / "fog.npy", pictures)
    np.save(folder / "clean.npy", pictures[:6])
    found = opened("cifar10-c:set", tmp_path)
    values = {sample.id: open_sample(sample).getpixel((0, 0)) for sample in found.samples}
    assert values["clean/00003"] == (3, 3, 3)
    assert all(
        values[f"fog+{severity}/{original:05d}"] == (6 * (severity - 1) + original,) * 3
        for severity in range(1, 6)
        for original in range(6)
    )


class Trap:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return os.mkdir, (str(self.file),)


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    folder = write_cifar_arrays(tmp_path / "set")
    for content in (
        lambda file: file.write_bytes(pickle.dumps(Trap(tmp_path / "sprung"))),
        lambda file: np.save(file, np.array([Trap(tmp_path / "sprung")], dtype=object), allow_pickle=True),
    ):
        for name in ("fog.npy", "labels.npy"):
            write_cifar_arrays(folder)
            content(folder / name)
            with pytest.raises(UserError, match=f"{name}: cannot be read"):
                opened("cifar10-c:set", tmp_path)
    assert not (tmp_path / "sprung").exists()


def _saved(values: np.ndarray) -> Callable[[Path], object]:
    return lambda file: np.save(file, values)


@pytest.mark.parametrize(
    ("name", "damage", "part"),
    [
        pytest.param(
            "fog.npy",
            _saved(np.zeros((29, 32, 32, 3), np.uint8)),
            "has 29 × 32 × 32 × 3 of uint8, but must have 30 × 32",
            id="one-picture-short",
        ),
        pytest.param(
            "fog.npy",
            _saved(np.zeros((30, 3, 32, 32), np.uint8)),
            "has 30 × 3 × 32 × 32 of uint8",
            id="channels-first",
        ),
        pytest.param("fog.npy", _saved(np.zeros((30, 32, 32, 3), np.float32)), "of float32, but must", id="floats"),
        pytest.param("fog.npy", lambda file: os.truncate(file, 5000), "cannot be read", id="cut-off"),
        pytest.param(
            "fog.npy",
            lambda file: file.write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\x7f"),
            "cannot be read",
            id="huge-header",
        ),
        pytest.param("labels.npy", lambda file: file.unlink(), "labels.npy: cannot be read", id="no-labels"),
        pytest.param(
            "labels.npy",
            _saved(np.arange(30.0)),
            "labels.npy: must have an integer for each picture",
            id="labels-that-are-floats",
        ),
        pytest.param(
            "labels.npy",
            _saved(np.zeros(31, int)),
            "labels.npy: must have an integer for each picture",
            id="one-label-too-many",
        ),
        pytest.param(
            "labels.npy",
            _saved(np.arange(30) % 7),
            "labels.npy: the labels differ between severities",
            id="labels-that-differ",
        ),
        pytest.param(
            "labels.npy",
            _saved(np.full(30, 10)),
            "labels.npy: has the class 10, but CIFAR-10 has 0 to 9",
            id="label-too-large",
        ),
    ],
)
def test_a_file_of_another_shape_is_one_line(
    tmp_path: Path, name: str, damage: Callable[[Path], object], part: str
) -> None:
    folder = write_cifar_arrays(tmp_path / "set", ("fog",))
    damage(folder / name)
    with pytest.raises(UserError) as error:
        opened("cifar10-c:set", tmp_path)
    (line,) = error.value.lines
    assert part in line


def test_pipes_and_links_are_not_opened(tmp_path: Path) -> None:
    folder = write_cifar_arrays(tmp_path / "set", ("fog", "snow"))
    (folder / "fog.npy").unlink()
    os.mkfifo(folder / "fog.npy")
    with pytest.raises(UserError, match=r"fog\.npy: cannot be read .*not a regular file"):
        opened("cifar10-c:set", tmp_path)
    (folder / "fog.npy").unlink()
    (folder / "snow.npy").rename(tmp_path / "snow.npy")
    (folder / "fog.npy").symlink_to(tmp_path / "snow.npy")
    with pytest.raises(UserError, match=r"fog\.npy: cannot be read .*leaves the folder"):
        opened("cifar10-c:set", tmp_path)


def test_a_file_that_goes_away_later_is_an_error_of_its_pictures(tmp_path: Path) -> None:
    folder = write_cifar_arrays(tmp_path / "set", ("fog",))
    found = opened("cifar10-c:set", tmp_path)
    (folder / "fog.npy").unlink()
    with pytest.raises(PictureError, match="cannot be read"):
        open_sample(found.samples[0])


def test_a_folder_without_corruptions_is_one_line(tmp_path: Path) -> None:
    folder = write_cifar_arrays(tmp_path / "set", ("fog",))
    (folder / "fog.npy").rename(folder / "frogs.npy")
    with pytest.raises(UserError, match=r"has no CORRUPTION\.npy such as fog\.npy"):
        opened("cifar10-c:set", tmp_path)
