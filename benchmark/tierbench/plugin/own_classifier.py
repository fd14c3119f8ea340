"""Asks whether the repository puts a model of its own under test, by a fixture `classifier` in a conftest.py."""

from __future__ import annotations

import re

import pytest

from tierbench.common.files import expanded

# What stands in records where a spec would stand.
SPEC = "the fixture classifier"
_DEFINED = re.compile(r"(?m)^\s*(?:async\s+)?def classifier\(")


def overrides_classifier(config: pytest.Config) -> bool:
    """Whether a conftest.py defines a fixture `classifier` of its own: what it gives is known only later."""
    ours = "tierbench.plugin"
    loaded = any(
        hasattr(plugin, "classifier") and getattr(plugin, "__name__", "") not in (ours, "")
        for plugin in config.pluginmanager.get_plugins()
    )
    return loaded or _will_override(config)


def _will_override(config: pytest.Config) -> bool:
    """Whether a conftest.py beside or above the suites defines one: pytest may load it only when it collects there."""
    root = config.rootpath
    for text in config.getoption("robust_cases") or config.getini("robust_cases"):
        folder = root / expanded(text)
        for each in (folder, *folder.parents):
            if not each.is_relative_to(root):
                break
            conftest = each / "conftest.py"
            if conftest.is_file() and _DEFINED.search(conftest.read_text(encoding="utf-8", errors="replace")):
                return True
    return False
