"""Plugins that stand beside ours: the pytests that tests start do without those that they do not ask for."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

# Each costs a process, and each of its workers, up to half a second. Plugin → the option by which a test asks for it.
_OPTIONS = {
    "benchmark": "--benchmark",
    "hypothesispytest": "--hypothesis",
    "pytest_cov": "--cov",
    "rerunfailures": "--reruns",
    "timeout": "--timeout",
}
# For $PYTEST_ADDOPTS.
WITHOUT_NEIGHBOURS = " ".join(f"-p no:{name}" for name in ("randomly", *_OPTIONS))


def asked_neighbours(arguments: Sequence[str | Path]) -> tuple[str, ...]:
    """Return the options that bring back what `WITHOUT_NEIGHBOURS` leaves out and these arguments of pytest need."""
    given = [str(argument) for argument in arguments]
    asked = [name for name, option in _OPTIONS.items() if any(each.startswith(option) for each in given)]
    return tuple(part for name in asked for part in ("-p", name))
