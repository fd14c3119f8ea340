"""Renders the templates of this package: autoescape always on, no undefined name forgiven."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.report.render import duration, number, percent
from benchmark.text import one_line, plural

_TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, **context: Any) -> str:
    """Render a template."""
    return _environment().get_template(name).render(**context)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "shown": one_line,
        "number": number,
        "percent": percent,
        "duration": duration,
        "plural": plural,
        "file": _own_file,
    }
    return environment


def _own_file(name: str) -> Markup:
    """Give a style sheet of ours as it stands; it holds nothing that a suite or a model said."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))  # noqa: S704
