"""The pytest plugin: always its options, the rest only in a session that has suites.

The entry point has the name of this module, so a conftest.py with `pytest_plugins = ["tierbench.plugin"]` (needed only
where pytest does not load installed plugins) does not load it a second time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tierbench.plugin.options import add_options
from tierbench.plugin.startup import check_option_paths, find_places

if TYPE_CHECKING:
    from tierbench.plugin.fixtures import Verdict

__all__ = ["Verdict"]

_HOOKS = "tierbench-hooks"


def __getattr__(name: str) -> object:
    # Lazy: every pytest session in the environment imports this module.
    if name in __all__:
        from tierbench.plugin import fixtures

        return getattr(fixtures, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini keys."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, parser: pytest.Parser, args: list[str]) -> None:
    """Reject an option value that changed where pytest looks for the repository."""
    check_option_paths(early_config, parser, args)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Load the rest of the plugin if there are suites.

    Runs before pytest-html's own configure, which reads where its report goes.
    """
    places = find_places(config)
    if places is not None:
        from tierbench.plugin.hooks import Hooks

        hooks = Hooks(config, places)
        config.pluginmanager.register(hooks, _HOOKS)
        hooks.begin()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Unload the rest."""
    if (hooks := config.pluginmanager.unregister(name=_HOOKS)) is not None:
        hooks.end()
