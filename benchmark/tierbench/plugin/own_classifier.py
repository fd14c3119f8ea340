"""Find out whether a `classifier` fixture in a conftest.py puts the repository's own model under test."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

# What stands in records where a spec would stand.
SPEC = "the fixture classifier"
_DEFINED = re.compile(r"(?m)^\s*(?:async\s+)?def classifier\(")


def overrides_classifier(config: pytest.Config, cases: Iterable[Path]) -> bool:
    """Whether a conftest.py defines a fixture `classifier` of its own: what it returns is known only later.

    Args:
        config: pytest's configuration.
        cases: suite folders, or folders of suites.
    """
    loaded = any(
        hasattr(plugin, "classifier") and not getattr(plugin, "__name__", "").startswith("tierbench.")
        for plugin in config.pluginmanager.get_plugins()
        if getattr(plugin, "__name__", "")
    )
    return loaded or any(_will_override(config.rootpath, folder) for folder in cases)


def _will_override(root: Path, cases: Path) -> bool:
    """Whether a conftest.py beside or above the suites defines one: pytest may load it only when it collects there."""
    for folder in (cases, *cases.parents):
        if not folder.is_relative_to(root):
            break
        conftest = folder / "conftest.py"
        if conftest.is_file() and _DEFINED.search(conftest.read_text(encoding="utf-8", errors="replace")):
            return True
    return False
