"""A small picture in terminals that can show one."""

from __future__ import annotations

import base64
import os
import pty
import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.cli.test_query import SHAPES
from tierbench.cli.terminal_picture import picture_escape, picture_protocol


@pytest.mark.parametrize(
    ("environment", "protocol"),
    [
        ({"TERM": "xterm-kitty"}, "kitty"),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"}, "kitty"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "iTerm.app"}, "iterm2"),
        ({"TERM": "xterm-256color", "TERM_PROGRAM": "Apple_Terminal"}, ""),
        ({"TERM": "tmux-256color", "KITTY_WINDOW_ID": "1"}, ""),
        ({"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1", "TMUX": "default,1,0"}, ""),
        ({}, ""),
    ],
)
def test_only_known_terminals_get_a_picture(environment: dict[str, str], protocol: str) -> None:
    assert picture_protocol(environment) == protocol


def test_iterm2_gets_the_picture_in_small() -> None:
    shown = picture_escape(Image.effect_noise((1000, 500), 90).convert("RGB"), "iterm2")
    match = re.fullmatch(r"\x1b\]1337;File=inline=1;size=(\d+);width=24;preserveAspectRatio=1:(.+)\x07\n", shown)
    assert match is not None
    content = base64.b64decode(match[2], validate=True)
    assert len(content) == int(match[1])
    assert Image.open(BytesIO(content)).size == (480, 240)


def test_kitty_gets_the_picture_in_chunks_on_a_terminal_only(workplace: Path) -> None:
    (workplace / "shapes.py").write_text(SHAPES, encoding="utf-8")
    noise = Image.effect_noise((100, 50), 90).convert("RGB")
    # Noise may be white there, which the model takes for a class of its own.
    noise.putpixel((0, 0), (0, 0, 0))
    noise.save(workplace / "noise.png")
    command = [sys.executable, "-m", "tierbench", "query", "noise.png", "--model", "python:shapes:Shapes"]
    variables = {**os.environ, "TERM": "xterm-kitty", "NO_COLOR": "1"}
    for name in ("TMUX", "STY"):
        variables.pop(name, None)
    shown = on_a_terminal(command, variables)
    chunks = re.findall(r"\x1b_G([^;]*);([^\x1b]*)\x1b\\", shown)
    assert len(chunks) > 1
    assert chunks[0][0] == "a=T,f=100,q=2,c=24,m=1"
    assert [head for head, _ in chunks[1:]] == ["m=1"] * (len(chunks) - 2) + ["m=0"]
    assert all(len(content) <= 4096 for _, content in chunks)
    assert Image.open(BytesIO(base64.b64decode("".join(content for _, content in chunks)))).size == (100, 50)
    assert "score:0.7000 wide" in shown
    assert "\x1b_G" not in on_a_terminal([*command, "--no-picture"], variables)
    piped = subprocess.run(command, env=variables, capture_output=True, timeout=60, check=True)
    assert b"\x1b" not in piped.stdout


def on_a_terminal(command: list[str], variables: dict[str, str]) -> str:
    """Return what a command prints on a terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, env=variables, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        parts = []
        try:
            while part := os.read(ours, 65536):
                parts.append(part)
        except OSError:
            # How Linux says that the other end is closed.
            pass
        os.close(ours)
        assert process.wait(timeout=60) == 0
    return b"".join(parts).decode()
