"""Every public name of the metrics can be imported, has a docstring, and imports only what it needs."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest

from tierbench import corruptions, metrics


def test_all_public_names_can_be_imported_and_are_documented() -> None:
    for name in metrics.__all__:
        thing = getattr(metrics, name)
        assert not callable(thing) or thing.__doc__


def loaded(code: str) -> list[str]:
    """Return which heavy libraries and metrics a process has imported after running some code."""
    heavy = "{'numpy', 'pandas', 'torch', 'scipy', 'cv2', 'tierbench.metrics.mce', 'tierbench.metrics.ece'}"
    code = f"import sys; {code}; print(*sorted({heavy} & set(sys.modules)))"
    root = Path(__file__).parents[1]
    return subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_loads_neither_pandas_nor_torch() -> None:
    assert loaded("import tierbench.metrics") == []


def test_importing_one_name_does_not_import_all() -> None:
    assert loaded("from tierbench.metrics import wilson_interval") == []
    assert loaded("from tierbench.metrics import mean_corruption_error") == ["numpy", "tierbench.metrics.mce"]


@pytest.mark.parametrize("package", [metrics, corruptions])
def test_no_module_has_the_name_of_an_export(package: ModuleType) -> None:
    # Importing such a module would replace the export.
    assert [name for name in package.__all__ if find_spec(f"{package.__name__}.{name}")] == []
    assert set(package.__all__) <= set(dir(package))
