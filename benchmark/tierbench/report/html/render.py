"""Renders the templates: autoescape always on, no undefined name forgiven."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from tierbench.common.text import one_line, plural
from tierbench.scoring.ladders import ladder_sentence

_TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, **context: Any) -> str:
    """Render a template."""
    return environment(_TEMPLATES).get_template(name).render(**context)


@cache
def macros(name: str) -> Any:
    """Return a template's macros as functions; a row of 10,000 must not render a whole template each."""
    return environment(_TEMPLATES).get_template(name).module


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with a fixed count of digits and a true minus; nothing for None."""
    if value is None:
        return ""
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: float) -> str:
    """Return a fraction as whole per cent; 100 and 0 only where nothing is rounded away."""
    rounded = round(value * 100)
    if 0 < value < 1:
        rounded = min(99, max(1, rounded))
    return f"{rounded} %"


def duration(seconds: float) -> str:
    """Return a duration as people say it: `0.8 s`, `42 s`, `3 min 5 s`, `2 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


@cache
def environment(templates: Path) -> Environment:
    """Return the environment over a folder of templates: autoescape always on, no undefined name forgiven."""

    def own_file(name: str) -> Markup:
        # A style sheet or script of ours as it stands; it holds nothing that a suite or a model said.
        return Markup((templates / name).read_text(encoding="utf-8"))  # noqa: S704

    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "shown": one_line,
        "number": number,
        "percent": percent,
        "duration": duration,
        "plural": plural,
        "file": own_file,
    }
    made.globals["ladder_sentence"] = ladder_sentence
    return made
