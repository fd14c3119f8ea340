"""Keep compiled templates between runs in the user's cache folder, where only the user can write."""

from __future__ import annotations

import contextlib
import hashlib
import marshal
import os
import sys
from importlib.metadata import version
from pathlib import Path

from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from tierbench.common.cache import cache_folder
from tierbench.common.files import read_regular, replacing
from tierbench.common.version import __version__

_MARK_BYTES = 32
# Increase this when the filters of the templates change what code they are compiled to.
_FILTERS = "2"


class TemplateCache(BytecodeCache):
    """Compiled templates, a file each; where the folder cannot be used, templates are compiled in every run.

    Not Jinja2's own class, whose files begin with a pickle. What is kept is code, like that in `__pycache__`: the
    folder is used only if it belongs to the user and nobody else can write to it.
    """

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take the code of a template from its file, if the file was made from the same source by the same versions."""
        folder = cache_folder() / "templates"
        with contextlib.suppress(OSError, EOFError, ValueError, TypeError):
            if not _is_private(folder):
                return
            content = read_regular(folder / bucket.key)
            if content[:_MARK_BYTES] == _mark(bucket, content[_MARK_BYTES:]):
                # The folder is the user's own, and a damaged file has another mark.
                bucket.code = marshal.loads(content[_MARK_BYTES:])  # noqa: S302

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Write the code of a template to its file."""
        folder = cache_folder() / "templates"
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _is_private(folder):
                code = marshal.dumps(bucket.code)
                with replacing(folder / bucket.key) as stream:
                    stream.write(_mark(bucket, code) + code)


def _is_private(folder: Path) -> bool:
    if not hasattr(os, "getuid"):
        # On Windows, a folder of a user is closed to others.
        return folder.is_dir()
    status = folder.stat(follow_symlinks=False)
    return folder.is_dir() and status.st_uid == os.getuid() and not status.st_mode & 0o022


def _mark(bucket: Bucket, code: bytes) -> bytes:
    """Return a hash over the code and all that decides about it; filters of ours run on constants while compiling."""
    parts = (bucket.checksum, _FILTERS, str(sys.implementation.cache_tag), version("jinja2"), __version__)
    return hashlib.sha256("\0".join(parts).encode() + code).digest()
