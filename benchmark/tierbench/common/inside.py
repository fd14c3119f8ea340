"""Open files of a folder without following a link out of it, even one that is swapped in while the file is opened."""

from __future__ import annotations

import errno
import os
import stat
from io import BufferedReader
from pathlib import Path

from tierbench.common.files import open_regular

# What opening a link without following it ends with, by system.
_IS_LINK = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)
_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


def open_inside(folder: Path, path: Path) -> BufferedReader:
    """Open a regular file for reading in binary mode, if it lies in the folder; links inside the folder are followed.

    Args:
        folder: the folder; it may be reached through links itself.
        path: a path that begins with `folder`.

    Raises:
        OSError: if a link on the way leaves the folder, it is no regular file, or it cannot be opened.
    """
    try:
        return _open_without_links(folder, path.relative_to(folder))
    except OSError as error:
        if error.errno not in _IS_LINK:
            raise
    home, target = Path(os.path.realpath(folder)), Path(os.path.realpath(path))
    if not target.is_relative_to(home):
        raise OSError(errno.EPERM, "it is a link that leaves the folder", os.fspath(path))
    return _open_without_links(home, target.relative_to(home))


def _open_without_links(folder: Path, inside: Path) -> BufferedReader:
    """Open a file step by step from the folder; a link among the steps is an error."""
    if os.open not in os.supports_dir_fd:
        if any((folder / part).is_symlink() for part in (inside, *inside.parents)):
            raise OSError(errno.ELOOP, "it is a link", os.fspath(folder / inside))
        return open_regular(folder / inside)
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for part in inside.parts[:-1]:
            below = os.open(part, _FLAGS | os.O_DIRECTORY, dir_fd=place)
            os.close(place)
            place = below
        descriptor = os.open(inside.name, _FLAGS, dir_fd=place)
    finally:
        os.close(place)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "it is not a regular file", os.fspath(folder / inside))
    return os.fdopen(descriptor, "rb")
