"""Asks of a starting session: does it concern the benchmark, will tests run, what is wrong with its models?"""

from __future__ import annotations

from pathlib import Path

import pytest

from tierbench.common.errors import UserError
from tierbench.plugin.comparison import baseline_faults
from tierbench.plugin.session import SESSION, BenchmarkSession


def only_looks(config: pytest.Config) -> bool:
    """Whether pytest will run no test (`--collect-only`, `--help`, `--markers`, `--fixtures` …)."""
    option = config.option
    names = ("collectonly", "help", "version", "markers", "showfixtures", "show_fixtures_per_test", "cacheshow")
    return any(getattr(option, name, None) for name in names)


def is_concerned(config: pytest.Config) -> bool:
    """Whether what pytest was pointed at lies among the suites: `pytest tests/unit` is none of our business.

    The parametrized tests live beside the suites; where they do not, the selection is looked at later.
    """
    roots = [path.resolve() for path in config.stash[SESSION].config.cases]
    for argument in config.args or ["."]:
        path = (config.invocation_params.dir / argument.partition("::")[0]).resolve()
        if any(path.is_relative_to(root) or root.is_relative_to(path) for root in roots):
            return True
        # With workers only they collect, and a fault that is found there cannot end the run in an orderly way.
        if getattr(config.option, "numprocesses", None) and "robust_case" in _text(path):
            return True
    return False


def _text(path: Path) -> str:
    files = [path] if path.is_file() else path.glob("**/test_*.py")
    return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def model_faults(session: BenchmarkSession) -> list[str]:
    """Open every model without loading its weights, and say what is wrong with it or with its labels."""
    faults: list[str] = []
    for name in session.config.slots:
        try:
            slot = session.slot(name)
            # Asks for the device too, so that an absent one is told before anything runs.
            _ = getattr(slot.classifier, "device", "")
        except UserError as error:
            faults += error.lines
        else:
            faults += slot.faults(session.suites, session.config.missing_labels)
    return faults


def all_baseline_faults(session: BenchmarkSession) -> list[str]:
    """Say what is wrong with what the models are to be compared with."""
    return [fault for name in session.config.slots for fault in baseline_faults(session.config, name)]
