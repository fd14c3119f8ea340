"""Renders the templates of this package, in the way of the report's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.report.render import environment

_TEMPLATES = Path(__file__).parent / "templates"


def render(name: str, **context: Any) -> str:
    """Render a template."""
    return environment(_TEMPLATES).get_template(name).render(**context)
