"""Locate the images of a suite and check their files, without decoding them."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

from tierbench.common.file_kinds import HEAD_BYTES, file_kind, is_heif
from tierbench.common.files import file_sha256, open_regular
from tierbench.suites.case import Case
from tierbench.suites.file_names import lookalike, lookalike_text
from tierbench.suites.packages import install_command, package_file, package_folder
from tierbench.suites.problems import Problems


def locate(case: Case, folder: Path, file: Path, problems: Problems, plain: set[Path]) -> tuple[Case, str]:
    """Find the image of a case and check it without decoding it.

    Args:
        case: a case whose path is inside the suite folder.
        folder: the suite folder, absolute.
        file: the `metadata.csv` that declares the case, for messages.
        problems: receives one line per problem.
        plain: folders with pictures that lie in the suite folder, links resolved; those that are found are added.

    Returns:
        The case, with the path of the file to read; and what fetches the image if it is missing but has a URL (empty
        otherwise).
    """
    path = case.path
    if path.parent in plain and not case.sha256 and _is_whole(path):
        return case, ""
    try:
        there = path.exists()
    except OSError as error:
        problems.add(file, f"image {case.file_name!r} cannot be read: {error.strerror}; fix file_name", case.row)
        return case, ""
    if not there:
        if case.url.startswith("package:"):
            if package_folder(case.url) is None:
                return case, install_command(case.url)
            found = package_file(case.url)
            if found is None:
                problems.add(file, f"url {case.url!r} is not a file of the installed package; fix the url", case.row)
                return case, ""
            path, case = found, replace(case, home=None)
        elif case.url:
            return case, "fetch"
        elif path.is_symlink():
            problems.add(file, f"image {case.file_name!r} is a broken link; put the file there", case.row)
            return case, ""
        elif other := lookalike(folder, case.file_name):
            problems.add(file, f"image {case.file_name!r} {lookalike_text(case.file_name, other)}", case.row)
            return case, ""
        else:
            problems.add(file, f"image {case.file_name!r} is missing; put it there or fix file_name", case.row)
            return case, ""
    elif not path.resolve().is_relative_to(folder.resolve()):
        problems.add(
            file,
            f"image {case.file_name!r} is a link that leaves the suite folder; copy the file in",
            case.row,
        )
        return case, ""
    elif path.parent.resolve().is_relative_to(folder.resolve()):
        plain.add(path.parent)
    _check_file(case, path, file, problems)
    return replace(case, path=path), ""


def _is_whole(path: Path) -> bool:
    """Return whether a path is a file with content, and no link: then it lies where its folder does."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size > 0


def _check_file(case: Case, path: Path, file: Path, problems: Problems) -> None:
    if not path.is_file():
        problems.add(file, f"image {case.file_name!r} is not a regular file; put the image there", case.row)
        return
    try:
        if path.stat().st_size == 0:
            problems.add(file, f"image {case.file_name!r} has zero bytes; put the image there", case.row)
        elif case.sha256 and (found := file_sha256(path)) != case.sha256:
            with open_regular(path) as stream:
                head = stream.read(HEAD_BYTES)
            kind, fix = file_kind(head)
            if kind and not is_heif(head):
                problems.add(file, f"image {case.file_name!r} is {kind}; {fix}", case.row)
                return
            fix = "fetch it again or fix the row" if case.url else "put the old file back, or empty the row's sha256"
            problems.add(
                file,
                f"image {case.file_name!r} has SHA-256 {found[:12]}…, the row says {case.sha256[:12]}…; {fix}",
                case.row,
            )
    except OSError as error:
        problems.add(file, f"image {case.file_name!r} cannot be read: {error.strerror}", case.row)
