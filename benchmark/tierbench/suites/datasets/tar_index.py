"""List the members of a tar archive by one pass over its headers, so that each can be read by its offset.

`tarfile` would read whatever size a header claims. Here sizes are checked before anything is read, and nothing is
extracted: a name is only a text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

BLOCK = 512
# What GNU and pax write before a member with a long name; real ones have a few hundred bytes.
_EXTENSION_BYTES = 1 << 20
# How far to look for other content after the end: writers pad to 10 KB or so.
_END_BYTES = 1 << 20
_REGULAR = (b"0", b"\0", b"7")


class TarError(Exception):
    """An archive is damaged; the message says where."""


@dataclass(frozen=True, slots=True)
class TarMember:
    """A member of an archive.

    Attributes:
        name: as it is written, also if it is absolute or has `..`: it is not the name of a file of this machine.
        offset: of its content in the archive.
        size: of its content.
        regular: whether it is a file; False: a folder, link, device, or a file with holes.
    """

    name: str
    offset: int
    size: int
    regular: bool


def tar_members(stream: BinaryIO) -> Iterator[TarMember]:
    """Yield the members of an archive, in their order.

    Raises:
        TarError: if it is no archive, or is damaged or cut off.
        OSError: if it cannot be read.
    """
    total = stream.seek(0, 2)
    offset = 0
    extended: dict[str, str] = {}
    while offset < total:
        stream.seek(offset)
        header = stream.read(BLOCK)
        if header.count(0) == BLOCK:
            if stream.read(_END_BYTES).strip(b"\0"):
                raise TarError(f"has more after its end at byte {offset}, as archives that were joined have")
            return
        _check_header(header, offset)
        kind, start = header[156:157], offset + BLOCK
        size = _number(header[124:136], offset)
        if kind not in (b"x", b"g", b"L", b"K"):
            size = _claimed(extended, size, offset)
        if size > total - start:
            raise TarError(f"is cut off: the member at byte {offset} claims {size} bytes, {total - start} are left")
        if kind in (b"x", b"L"):
            if size > _EXTENSION_BYTES:
                raise TarError(f"has a header of {size} bytes at byte {offset}")
            content = stream.read(size)
            extended |= _records(content, offset) if kind == b"x" else {"path": _text(content)}
        elif kind not in (b"g", b"K"):
            name = extended.get("path") or _name(header)
            regular = kind in _REGULAR and not name.endswith("/") and not any(key[:3] == "GNU" for key in extended)
            yield TarMember(name, start, size, regular)
            extended = {}
        offset = start + -(-size // BLOCK) * BLOCK
    raise TarError("is cut off: it has no end")


def _check_header(header: bytes, offset: int) -> None:
    if len(header) < BLOCK:
        raise TarError(f"is cut off in the header at byte {offset}")
    # The sum over the header, with spaces in place of the sum itself.
    if sum(header) - sum(header[148:156]) + 8 * ord(" ") != _number(header[148:156], offset):
        raise TarError(f"has no header at byte {offset}; if it is compressed, unpack it")


def _number(field: bytes, offset: int) -> int:
    """Return a number: octal digits, or a large one as GNU writes it."""
    if field[:1] == b"\x80":
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not all(digit in b"01234567" for digit in digits):
        raise TarError(f"has no header at byte {offset}; if it is compressed, unpack it")
    return int(digits or b"0", 8)


def _claimed(extended: dict[str, str], size: int, offset: int) -> int:
    text = extended.get("size", "")
    if not text:
        return size
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise TarError(f"claims a size that is no number at byte {offset}")
    return int(text)


def _records(content: bytes, offset: int) -> dict[str, str]:
    """Return the records of a pax header: each is `LENGTH KEY=VALUE` and a newline."""
    found = {}
    while content.strip(b"\0"):
        length, space, _ = content.partition(b" ")
        end = int(length) if space and length.isdigit() and len(length) < 8 else 0
        key, equals, value = content[len(length) + 1 : end - 1].partition(b"=")
        if not equals or not len(length) + 1 < end <= len(content):
            raise TarError(f"has a damaged header at byte {offset}")
        found[_text(key)] = _text(value)
        content = content[end:]
    return found


def _name(header: bytes) -> str:
    name = _text(header[:100])
    # GNU's own format, whose magic has a space there, has no prefix.
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else ""
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "backslashreplace")
