"""Files are opened inside their folder only, also if a link takes the place of one in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tierbench.common.inside import open_inside


@pytest.fixture(params=[True, False], ids=["in-open-folders", "by-path"])
def home(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a file, and one with a secret beside it; on a system that opens files in open folders, or not."""
    if not request.param:
        # As on Windows.
        monkeypatch.setattr(os, "supports_dir_fd", frozenset())
    for name, text in (("home/sub", "inside"), ("outside", "secret")):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "file").write_text(text, encoding="utf-8")
    return tmp_path / "home"


def read(home: Path, name: str) -> str:
    with open_inside(home, home / name) as stream:
        return stream.read().decode()


def test_files_and_links_inside_are_read(home: Path) -> None:
    assert read(home, "sub/file") == "inside"
    (home / "link").symlink_to(home / "sub" / "file")
    (home / "folder").symlink_to("sub")
    assert read(home, "link") == read(home, "folder/file") == "inside"
    (home.parent / "other").symlink_to(home)
    assert read(home.parent / "other", "folder/file") == "inside"


@pytest.mark.parametrize("name", ["link", "folder/file"])
def test_a_link_out_of_the_folder_is_refused(home: Path, name: str) -> None:
    (home / "link").symlink_to(home.parent / "outside" / "file")
    (home / "folder").symlink_to(home.parent / "outside")
    with pytest.raises(OSError, match="it is a link that leaves the folder"):
        read(home, name)


@pytest.mark.parametrize("name", ["link", "folder/file"])
def test_a_link_that_is_exchanged_after_it_was_checked_is_refused(
    home: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (home / "link").symlink_to(home / "sub" / "file")
    (home / "folder").symlink_to("sub")
    real = os.path.realpath

    def realpath(path: str) -> str:
        found = real(path)
        if Path(path).name in ("link", "file") and (home / "sub").is_dir():
            # As quickly as an attacker could.
            (home / "sub").rename(home / "gone")
            (home / "sub").symlink_to(home.parent / "outside")
        return found

    monkeypatch.setattr(os.path, "realpath", realpath)
    with pytest.raises(OSError, match=r"directory|link"):
        read(home, name)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no pipes with a name")
def test_a_pipe_is_refused_and_not_waited_for(home: Path) -> None:
    os.mkfifo(home / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        read(home, "pipe")
