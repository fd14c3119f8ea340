"""Write the table of contents of a page: the sections that it has, in the order in which they stand."""

from __future__ import annotations

import re

from markupsafe import Markup

from tierbench.report.html.templating import render

# Where the table goes.
_PLACE = "<!--tb-contents-->"
# A section names itself; Jinja2 has escaped what stands between the quotes.
_SECTION = re.compile(r'<h2 id="([\w-]+)" data-contents="([^"<>]*)"')


def with_contents(html: str) -> str:
    """Return a page with links to its sections, in place of the comment that marks where they go."""
    # Escaped already, and without a quote or a tag.
    found = [(name, Markup(title)) for name, title in _SECTION.findall(html)]  # noqa: S704
    return html.replace(_PLACE, render("contents.html.jinja", sections=found) if len(found) > 1 else "", 1)
