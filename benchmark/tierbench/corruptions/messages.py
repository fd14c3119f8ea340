"""What a process that corrupts pictures is asked, and what it answers: msgpack, each message after its length."""

from __future__ import annotations

import struct
from typing import BinaryIO, TypeVar

import msgspec

_LENGTH = struct.Struct("!I")


class Request(msgspec.Struct, frozen=True):
    """A picture to corrupt: the arguments of `corrupt`, and its RGB pixels row by row."""

    name: str
    severity: int
    seed: int
    variant: str
    width: int
    height: int
    pixels: bytes


class Answer(msgspec.Struct, frozen=True):
    """The pixels of the corrupted picture, or why there are none; a process that is ready sends neither."""

    pixels: bytes = b""
    problem: str = ""


_Message = TypeVar("_Message", Request, Answer)


def send(stream: BinaryIO, message: Request | Answer) -> None:
    """Write a message.

    Raises:
        OSError: if nobody reads it.
    """
    content = msgspec.msgpack.encode(message)
    stream.write(_LENGTH.pack(len(content)))
    stream.write(content)
    stream.flush()


def receive(stream: BinaryIO, kind: type[_Message]) -> _Message | None:
    """Read a message; None if the other side has ended."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    content = stream.read(length)
    return msgspec.msgpack.decode(content, type=kind) if len(content) == length else None
