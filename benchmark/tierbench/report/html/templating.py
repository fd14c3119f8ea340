"""Render the Jinja2 templates, with autoescape on and undefined names as errors."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from tierbench.common.text import duration, one_line, plural
from tierbench.report.html.links import case_link
from tierbench.report.html.template_cache import TemplateCache
from tierbench.scoring.ladders import ladder_sentence

_TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, **context: Any) -> str:
    """Render a template."""
    return environment(_TEMPLATES).get_template(name).render(**context)


@cache
def macros(name: str) -> Any:
    """Return the macros of a template as functions, so that rows need not render a whole template each."""
    return environment(_TEMPLATES).get_template(name).module


def cells_of(text: object) -> list[str]:
    """Return the cells that a macro wrote, one a line: pytest-html finds no sort key across lines."""
    return [line.strip() for line in str(text).splitlines() if line.strip()]


def escaped(value: Any) -> Any:
    """Escape what pytest-html puts into its environment table as HTML, be it ours, a plugin's or the CI's."""
    if isinstance(value, Mapping):
        return {escape(str(key)): escaped(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(entry) for entry in value]
    return value if isinstance(value, bool | int | float) or value is None else escape(str(value))


def number(value: float | None, digits: int = 3) -> str:
    """Return a number with fixed decimals and a typographic minus sign; empty for None."""
    if value is None:
        return ""
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def percent(value: float) -> str:
    """Return a fraction as a whole percentage; 0 % and 100 % only for exactly 0 and 1."""
    rounded = round(value * 100)
    if 0 < value < 1:
        rounded = min(99, max(1, rounded))
    return f"{rounded} %"


@cache
def environment(templates: Path) -> Environment:
    """Return the Jinja2 environment of a folder of templates."""

    @pass_context
    def own_file(_: Context, name: str) -> Markup:
        # A style sheet or script of ours, unescaped: it contains no text from a suite or a model. With a context it is
        # no constant, which a kept template would hold after the file has changed.
        return Markup((templates / name).read_text(encoding="utf-8"))  # noqa: S704

    made = Environment(
        loader=FileSystemLoader(templates),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=TemplateCache(),
    )
    made.filters |= {
        "shown": one_line,
        "number": number,
        "percent": percent,
        "duration": duration,
        "plural": plural,
        "file": own_file,
    }
    made.globals |= {"ladder_sentence": ladder_sentence, "case_link": case_link}
    return made
