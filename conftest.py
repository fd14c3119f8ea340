"""Load the benchmark's pytest plugin; `pytest_plugins` must stand in the top-level conftest."""

pytest_plugins = ["tierbench.plugin"]
