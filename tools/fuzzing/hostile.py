"""Hostile values: text, numbers, JSON, TOML, encodings, and damage to bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

TEXTS = (
    "",
    " ",
    "red.png",
    "../secret.png",
    "../../secret.png",
    "sub/../../secret.png",
    "link.png",
    "loop/x.png",
    "pipe",
    "pipe.png",
    "endless.png",
    "sub",
    "/etc/passwd",
    "C:\\red.png",
    "sub\\red.png",
    "red.png\0",
    "re\u0301d.png",
    "~",
    "~nobody/x",
    "train/red.png",
    "-x",
    "--help",
    "<script>alert(1)</script>",
    "##[error]x",
    "::error::x",
    "=1+1",
    "@SUM(1)",
    "\u202egnp.der",
    "\x1b[31mred\x1b[0m",
    "a\nb",
    "a\r\nb",
    "\u2028",
    "\x00",
    "\ud800",
    "\U0001f600",
    "e\u0301" * 50,
    "x" * 10_000,
    "x" * 255 + ".png",
    "tier1 and not fog",
    "parametrize",
    "tier1",
    "automobile",
    "automobile|truck",
    "automobile|automobile",
    "!automobile",
    "!",
    "-",
    "|",
    "steps",
    "ab" * 32,
    "AB" * 32,
    "None",
    "null",
    "true",
    "{}",
    "[]",
    "%s%n",
    "{0}",
    "{{ 7 * 7 }}",
    "$(touch canary)",
    "canary",
    "canary.sub",
)
NUMBERS = (
    "0",
    "1",
    "-1",
    "2",
    "0.5",
    "1e999",
    "-1e999",
    "1e-400",
    "nan",
    "inf",
    "-inf",
    "１",
    "1_000",
    "0x10",
    "+1",
    "1.",
    ".5",
    "1,5",
    "9" * 400,
    "9" * 5_000,
    str(2**63),
    str(2**31),
)
URLS = (
    "https://",
    "https://example.invalid/x.png",
    "https://user:password@example.invalid/x.png",
    "https://127.0.0.1:1/x.png",
    "https://[::1]:1/x.png",
    "https://[::1",
    "https://example.invalid:99999/x.png",
    "https://exam\u200bple.invalid/x.png",
    "https://" + "a" * 5_000,
    "HTTPS://EXAMPLE.INVALID/x.png",
    "http://example.invalid/x.png",
    "ftp://example.invalid/x.png",
    "file:///etc/passwd",
    "file:secret.png",
    "data:image/png;base64,AAAA",
    "javascript:alert(1)",
    "//example.invalid/x.png",
    "package:",
    "package:/x.png",
    "package:skimage/data/x.png",
    "package:skimage/../../x.png",
    "package:skimage//etc/passwd",
    "package:canary/x.png",
    "package:canary/sub/x.png",
    "package:canary.sub/x.png",
    "package:canary.sub.deep/../x.png",
    "package:this.x/y.png",
    "package:os/x.png",
    "package:cases.s.canary/x.png",
    "package:./canary/x.png",
    "package:numpy/__init__.py",
    "package:skimage/data/\0",
    "package:" + "a." * 2_000 + "/x",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "utf-7", "cp037")


def text(chance: Random) -> str:
    """Return a hostile text."""
    kind = chance.random()
    if kind < 0.6:
        return chance.choice(TEXTS)
    if kind < 0.75:
        return chance.choice(NUMBERS)
    if kind < 0.85:
        return chance.choice(URLS)
    return "".join(chr(_code_point(chance)) for _ in range(int(chance.random() * 20)))


def argument(chance: Random) -> str:
    """Return a hostile text that can be an argument of a process."""
    return text(chance).replace("\0", "").encode("utf-8", "replace").decode()


def file_name(chance: Random) -> str:
    """Return a hostile text that can be the name of a file."""
    name = text(chance).replace("\0", "").replace("/", "_").encode("utf-8", "replace")[:120]
    if chance.random() < 0.1:
        name += b"\xff"
    return name.decode("utf-8", "surrogateescape") if name not in (b"", b".", b"..") else "x"


def _code_point(chance: Random) -> int:
    return int(chance.random() * chance.choice((128, 0x300, 0x3000, 0x110000)))


def value(chance: Random, depth: int = 3) -> Any:
    """Return a hostile value for JSON or TOML."""
    kind = int(chance.random() * (10 if depth else 8))
    if kind < 3:
        return text(chance)
    if kind < 8:
        return chance.choice((None, True, False, 0, 1, -1, 3, 0.5, 1e300, 2**63, 10**30, float("nan"), float("inf")))
    size = int(chance.random() * 4)
    if kind == 8:
        return [value(chance, depth - 1) for _ in range(size)]
    return {text(chance): value(chance, depth - 1) for _ in range(size)}


def altered(chance: Random, given: Any) -> Any:
    """Return a copy of a JSON value in which one part is replaced, removed or added."""
    if isinstance(given, Mapping) and given and chance.random() < 0.85:
        name = chance.choice(sorted(given))
        kind = chance.random()
        if kind < 0.15:
            return {key: entry for key, entry in given.items() if key != name}
        if kind < 0.25:
            return {**given, text(chance): value(chance)}
        return {**given, name: altered(chance, given[name])}
    if isinstance(given, list) and given and chance.random() < 0.85:
        place = int(chance.random() * len(given))
        return [*given[:place], altered(chance, given[place]), *given[place + 1 :]]
    return value(chance)


def json_bytes(chance: Random, given: Any) -> bytes:
    """Return a JSON value with alterations as bytes, now and then too deep, too long, or damaged."""
    for _ in range(1 + int(chance.random() * 3)):
        given = altered(chance, given)
    return spoilt(chance, json.dumps(given), '{"a":', "[")


def toml_text(given: Any) -> str:
    """Return a value as TOML, or as almost valid TOML."""
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, Mapping):
        return "{" + ", ".join(f"{toml_text(str(key))} = {toml_text(entry)}" for key, entry in given.items()) + "}"
    if isinstance(given, list):
        return "[" + ", ".join(map(toml_text, given)) + "]"
    if isinstance(given, str):
        # JSON escapes a text as TOML does, but for its surrogates.
        return json.dumps(given, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(given)


def csv_text(rows: Sequence[Sequence[str]], separator: str = ",", end: str = "\n") -> str:
    """Return rows as CSV with every cell quoted."""
    return "".join(separator.join('"' + cell.replace('"', '""') + '"' for cell in row) + end for row in rows)


def spoilt(chance: Random, content: str, *openings: str) -> bytes:
    """Return a text as bytes: mostly as it is, else nested too deep, in another encoding, or damaged.

    Args:
        chance: the source of chance.
        content: the text.
        *openings: what opens one more level in this format.
    """
    kind = chance.random()
    if kind < 0.03 and openings:
        content = chance.choice(openings) * chance.choice((300, 20_000))
    elif kind < 0.05 and openings:
        content = content.replace("1", "9" * 5_000, 1)
    if 0.05 < kind < 0.15:
        return content.encode(chance.choice(ENCODINGS), "replace")
    data = content.encode("utf-8", "surrogatepass")
    return damaged(chance, data) if kind > 0.8 else data


def damaged(chance: Random, content: bytes, reach: int | None = None) -> bytes:
    """Return bytes that are truncated, have flipped bits, other bytes, or bytes of their own repeated.

    Args:
        chance: the source of chance.
        content: the bytes.
        reach: the damage is done to so many bytes at the beginning; None: anywhere.
    """
    data = bytearray(content)
    kind = chance.choice(("cut", "flip", "flip", "both", "bytes", "repeat"))
    if kind in ("cut", "both"):
        data = data[: int(chance.random() * (len(data) + 1))]
    length = min(len(data), reach or len(data))
    if kind == "repeat":
        place = int(chance.random() * (length + 1))
        data[place:place] = data[max(0, place - 40) : place] * 3
    elif length and kind != "cut":
        for _ in range(1 + int(chance.random() * 12)):
            place = int(chance.random() * length)
            data[place] = int(chance.random() * 256) if kind == "bytes" else data[place] ^ 1 << chance.randrange(8)
    return bytes(data)
