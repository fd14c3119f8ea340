"""Fetch the images that a suite names by URL into its folder, verified by their SHA-256."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock
from tierbench.common.files import file_sha256, is_regular, open_regular, remove_leftovers, replacing, shown_path
from tierbench.common.text import one_line
from tierbench.suites.case import Case, Suite
from tierbench.suites.downloading import DownloadError, Limits, download
from tierbench.suites.packages import package_file


@contextmanager
def fetching(suite: Suite, cases: Iterable[Case]) -> Iterator[None]:
    """Hold the lock of a suite while its images are fetched, and remove what a killed process left of earlier ones."""
    with file_lock(suite.folder / "metadata.csv"):
        for folder in {(suite.folder / case.file_name).parent for case in cases}:
            remove_leftovers(folder)
        yield


def fetch_image(case: Case, suite: Suite, source: Path | None = None, limits: Limits | None = None) -> bool:
    """Fetch the image of one case into the suite folder.

    Args:
        case: a case with a URL and a SHA-256.
        suite: its suite.
        source: a folder with the image, under its own file name or that of the URL; None: download it.
        limits: what a download may take; None: the default.

    Returns:
        Whether the image was fetched; False if it was there already.

    Raises:
        UserError: if the image cannot be fetched, or its SHA-256 is not that of the row.
    """
    target = suite.folder / case.file_name
    place = one_line(f"{case.key} ({case.file_name})")
    if is_regular(target):
        if file_sha256(target) == case.sha256:
            return False
        raise UserError(f"{place}: the file exists with another content; remove it, then fetch again")
    # Unlike `exists`, False for a name that is too long.
    if os.path.lexists(target):
        raise UserError(f"{place}: what is in its place is not a regular file; remove it, then fetch again")
    if not target.parent.resolve().is_relative_to(suite.folder.resolve()):
        raise UserError(f"{place}: its folder is a link that leaves the suite; make it a folder")
    local = _local_file(case, source, place)
    origin = one_line(case.url) if local is None else shown_path(local)
    digest = hashlib.sha256()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as stream:

            def write(chunk: bytes) -> None:
                stream.write(chunk)
                digest.update(chunk)

            if local is None:
                download(case.url, write, limits or Limits())
            else:
                _read(local, write)
            if digest.hexdigest() != case.sha256:
                raise UserError(f"{place}: {origin} is a different image: its SHA-256 is not that of the row")
    except DownloadError as error:
        raise UserError(f"{place}: {origin} cannot be downloaded: {error}") from error
    except OSError as error:
        raise UserError(f"{place}: cannot be written: {error.strerror}") from error
    return True


def _local_file(case: Case, source: Path | None, place: str) -> Path | None:
    """Return the file to copy, from the folder or from an installed package; None if it must be downloaded."""
    if source is not None:
        paths = (case.file_name, unquote(urlsplit(case.url).path))
        names = dict.fromkeys(PurePosixPath(path).name for path in paths)
        found = next((source / name for name in names if is_regular(source / name)), None)
        if found is None:
            raise UserError(f"{place}: {shown_path(source)} has no {one_line(' or '.join(names))}")
        return found
    if not case.url.startswith("package:"):
        return None
    found = package_file(case.url)
    if found is None:
        raise UserError(f"{place}: {one_line(case.url)} is not installed; install its package")
    return found


def _read(file: Path, write: Callable[[bytes], None]) -> None:
    with open_regular(file) as stream:
        while chunk := stream.read(1 << 20):
            write(chunk)
