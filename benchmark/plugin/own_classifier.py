"""Asks whether the repository puts a model of its own under test, by a fixture `classifier` in a conftest.py."""

from __future__ import annotations

import pytest

# What stands in records where a spec would stand.
SPEC = "the fixture classifier"


def overrides_classifier(config: pytest.Config) -> bool:
    """Whether a conftest.py defines a fixture `classifier` of its own: what it gives is known only later."""
    ours = "benchmark.plugin"
    return any(
        hasattr(plugin, "classifier") and getattr(plugin, "__name__", "") not in (ours, "")
        for plugin in config.pluginmanager.get_plugins()
    )
