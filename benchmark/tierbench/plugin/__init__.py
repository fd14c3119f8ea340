"""The pytest plugin: its options always, all else only in a session that has suites.

pytest loads it as an installed plugin of this very name, so that a conftest.py that says
`pytest_plugins = ["tierbench.plugin"]` (needed only where installed plugins are not loaded) loads it once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tierbench.plugin.option_paths import check_option_paths
from tierbench.plugin.options import add_options
from tierbench.plugin.startup import find_places

if TYPE_CHECKING:
    from tierbench.plugin.fixtures import RobustnessWarning, Verdict

__all__ = ["RobustnessWarning", "Verdict"]

_HOOKS = "tierbench-hooks"


def __getattr__(name: str) -> object:
    # Lazy: every pytest session of an environment imports this module.
    if name in __all__:
        from tierbench.plugin import fixtures

        return getattr(fixtures, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini keys."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Answer a path that moved pytest's idea of where the repository is."""
    check_option_paths(early_config, parser, args)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Bring in the rest of the plugin where there are suites.

    Before pytest-html's own configure, which reads where its report goes.
    """
    places = find_places(config)
    if places is not None:
        from tierbench.plugin.hooks import Hooks

        hooks = Hooks(config, places)
        config.pluginmanager.register(hooks, _HOOKS)
        hooks.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Take the rest out again."""
    if (hooks := config.pluginmanager.unregister(name=_HOOKS)) is not None:
        hooks.end()
