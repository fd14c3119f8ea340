"""Link to a case in the browser of a report."""

from __future__ import annotations

from urllib.parse import quote


def case_link(key: str, model: str = "") -> str:
    """Return the fragment of the report's address that opens a case.

    Args:
        key: `suite/case`.
        model: name of the model; empty: the first one of the run.
    """
    return f"#case={quote(key)}" + (f"&model={quote(model, safe='')}" if model else "")
