"""Show a small picture in terminals that can: kitty's graphics protocol, or iTerm2's inline images."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

# In cells of the terminal, and in pixels that fill them also on a display of high density.
_COLUMNS, _SIDE = 24, 480
# The most that kitty's protocol lets one escape sequence carry.
_CHUNK = 4096
_KITTY = ("xterm-kitty", "xterm-ghostty")
_ITERM = ("iTerm.app", "WezTerm", "mintty")


def picture_protocol(environment: Mapping[str, str]) -> str:
    """Return how a terminal shows pictures, `kitty` or `iterm2`; empty if it cannot, or it is not known.

    Multiplexers pass on the variables of the terminal around them, but not its pictures.
    """
    term = environment.get("TERM", "")
    if environment.get("TMUX") or environment.get("STY") or term.startswith(("tmux", "screen")) or term == "dumb":
        return ""
    if environment.get("KITTY_WINDOW_ID") or term in _KITTY:
        return "kitty"
    return "iterm2" if environment.get("TERM_PROGRAM") in _ITERM else ""


def picture_escape(picture: Image.Image, protocol: str) -> str:
    """Return the escape sequences that show a picture in small, with the end of its line."""
    small = picture.copy()
    small.thumbnail((_SIDE, _SIDE))
    stream = io.BytesIO()
    small.save(stream, "PNG")
    content = base64.standard_b64encode(stream.getvalue()).decode("ascii")
    if protocol == "iterm2":
        size = len(stream.getvalue())
        return f"\x1b]1337;File=inline=1;size={size};width={_COLUMNS};preserveAspectRatio=1:{content}\x07\n"
    chunks = [content[start : start + _CHUNK] for start in range(0, len(content), _CHUNK)]
    # q=2: the terminal does not answer, which would look like typed text.
    heads = [f"a=T,f=100,q=2,c={_COLUMNS},", *[""] * (len(chunks) - 1)]
    parts = [
        f"\x1b_G{head}m={int(number < len(chunks))};{chunk}\x1b\\"
        for number, (head, chunk) in enumerate(zip(heads, chunks, strict=True), start=1)
    ]
    return "".join(parts) + "\n"
