"""Recognise files that are often found in the place of a picture, and say what to do about them."""

from __future__ import annotations

import re

# Enough for a page that begins with a comment or with blank lines.
HEAD_BYTES = 1024

_CONVERT = "convert it to PNG or JPEG"
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1"})
# The beginning of the file → what it is, and the fix.
_KINDS: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), kind, fix)
    for pattern, kind, fix in (
        (rb"version https://git-lfs\.github\.com/spec/", "a pointer of Git LFS, not the image", "run `git lfs pull`"),
        (rb"(\.\./|/)*(\.git/)?annex/objects/", "a pointer of git-annex, not the image", "run `git annex get`"),
        (
            rb"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body|title|script)\b",
            "a web page, not an image",
            "download the image itself",
        ),
        (rb"\s*(<\?xml.*?\?>\s*)?(<!--.*?-->\s*)*(<!doctype\s+svg[^>]*>\s*)?<svg\b", "an SVG drawing", _CONVERT),
        (rb"%PDF-", "a PDF document", _CONVERT),
        (rb"....ftypavi[fs]", "an AVIF image, which this Pillow cannot read", "upgrade it: pip install -U pillow"),
        (rb"\xff\x0a|\0\0\0\x0cJXL ", "a JPEG XL image, which Pillow cannot read", _CONVERT),
        (rb"\s*[{\[]\s*[\"{\[]", "JSON text, not an image", "download the image itself"),
    )
)


def is_heif(head: bytes) -> bool:
    """Return whether a file that begins like this is a HEIF image, which phones save as `.heic`."""
    return head[4:8] == b"ftyp" and head[8:12] in _HEIF


def is_postscript(head: bytes) -> bool:
    """Return whether Pillow takes a file that begins like this for an EPS drawing."""
    return head.startswith((b"%!PS", b"\xc5\xd0\xd3\xc6"))


def file_kind(head: bytes) -> tuple[str, str]:
    """Return what a file is that begins like this, if it is no picture, and how to fix that; empty if not known."""
    if is_heif(head):
        return "a HEIC image, which needs another package", "pip install pillow-heif, or convert it to PNG or JPEG"
    text = head.removeprefix(b"\xef\xbb\xbf")
    return next(((kind, fix) for pattern, kind, fix in _KINDS if pattern.match(text)), ("", ""))
