"""Fetch the images that a suite names by URL into its folder, verified by their SHA-256."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from tierbench.common.errors import UserError
from tierbench.common.files import file_sha256
from tierbench.common.text import one_line
from tierbench.suites.case import Case, Suite
from tierbench.suites.packages import package_file


def fetch_image(case: Case, suite: Suite, source: Path | None = None) -> bool:
    """Fetch the image of one case into the suite folder.

    Args:
        case: a case with a URL and a SHA-256.
        suite: its suite.
        source: a folder with the image, under its own file name or that of the URL; None: download it.

    Returns:
        Whether the image was fetched; False if it was there already.

    Raises:
        UserError: if the image cannot be fetched, or its SHA-256 is not that of the row.
    """
    target = suite.folder / case.file_name
    place = f"{case.key} ({case.file_name})"
    if target.is_file():
        if file_sha256(target) == case.sha256:
            return False
        raise UserError(f"{place}: the file exists with another content; remove it, then fetch again")
    if not target.parent.resolve().is_relative_to(suite.folder.resolve()):
        raise UserError(f"{place}: its folder is a link that leaves the suite; make it a folder")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=target.parent) as work:
            new = Path(work) / "image"
            if source is not None:
                _copy(case, source, new, place)
            elif case.url.startswith("package:"):
                _copy_from_package(case, new, place)
            else:
                _download(case, new, place)
            new.replace(target)
    except OSError as error:
        raise UserError(f"{place}: cannot be written: {error.strerror}") from error
    return True


def _copy(case: Case, source: Path, new: Path, place: str) -> None:
    names = [PurePosixPath(case.file_name).name, PurePosixPath(unquote(urlsplit(case.url).path)).name]
    for name in dict.fromkeys(names):
        found = source / name
        if found.is_file():
            shutil.copyfile(found, new)
            if file_sha256(new) != case.sha256:
                raise UserError(f"{place}: {found} is a different image: its SHA-256 is not that of the row")
            return
    raise UserError(f"{place}: {source} has no {' or '.join(dict.fromkeys(names))}")


def _copy_from_package(case: Case, new: Path, place: str) -> None:
    found = package_file(case.url)
    if found is None:
        raise UserError(f"{place}: {one_line(case.url)} is not installed; install its package")
    shutil.copyfile(found, new)
    if file_sha256(new) != case.sha256:
        raise UserError(f"{place}: {found} is a different image: its SHA-256 is not that of the row")


def _download(case: Case, new: Path, place: str) -> None:
    import pooch
    import requests

    pooch.get_logger().setLevel(logging.ERROR)
    try:
        pooch.retrieve(case.url, known_hash=f"sha256:{case.sha256}", fname=new.name, path=new.parent)
    except requests.RequestException as error:
        raise UserError(
            f"{place}: {one_line(case.url)} cannot be downloaded ({type(error).__name__}: "
            f"{one_line(str(error), 120)}); check the connection, or use --from with a folder that has the images"
        ) from error
    except ValueError as error:
        # pooch raises this if the hash does not match.
        raise UserError(
            f"{place}: {one_line(case.url)} is a different image: its SHA-256 is not that of the row"
        ) from error
