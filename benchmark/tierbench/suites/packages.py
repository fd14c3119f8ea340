"""Find files of installed packages, which `package:NAME/path` names, without importing anything."""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.machinery import PathFinder
from pathlib import Path

from tierbench.common.files import is_regular

_URL = re.compile(r"package:([A-Za-z_]\w*)/([^\s/\\][^\s\\]*)", re.ASCII)
# Import name → the name for pip, if they differ.
_DISTRIBUTIONS = {"skimage": "scikit-image"}


def package_url_problem(url: str) -> str:
    """Return why a `package:` URL is not valid, and how to fix it; empty if it is."""
    if not (match := _URL.fullmatch(url)):
        return (
            f"url {url!r} must be package:NAME/path/in/package, with the name of one package without dots, "
            "and / between the parts of the path; fix the url"
        )
    return f"url {url!r} leaves the package; name a file inside it" if ".." in match[2].split("/") else ""


def package_folder(url: str) -> Path | None:
    """Return the folder of the package that a valid URL names; None if no installed distribution has it."""
    match = _URL.fullmatch(url)
    return _folder(match[1]) if match else None


@lru_cache(maxsize=256)
def _folder(name: str) -> Path | None:
    # `importlib.util.find_spec` would import the parent of a dotted name, and ask finders that run code of others.
    spec = PathFinder.find_spec(name)
    if spec is None or spec.origin is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.origin).parent
    # Where pip installs, each distribution has metadata beside it; a folder of the working directory, where a suite
    # may have put anything, is no distribution, and neither is a part of Python.
    return folder if any(folder.parent.glob("*.dist-info")) else None


def package_file(url: str) -> Path | None:
    """Return the regular file inside an installed package that a valid URL names; None if there is none."""
    folder = package_folder(url)
    if folder is None:
        return None
    file = folder / url.partition("/")[2]
    return file if is_regular(file) and file.resolve().is_relative_to(folder.resolve()) else None


def install_command(url: str) -> str:
    """Return the command that installs the package of a `package:` URL."""
    name = url.removeprefix("package:").partition("/")[0]
    return f"pip install {_DISTRIBUTIONS.get(name, name)}"
