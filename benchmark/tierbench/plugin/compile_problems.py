"""Send to the controller of pytest-xdist which models its workers could not compile, for record and summary."""

from __future__ import annotations

from typing import Any

import pytest

from tierbench.scoring.model_pool import ModelPool

_SENT = "robust_compile_problems"


class CompileProblems:
    """Sends from a worker, and takes in the controller, why models run without torch.compile.

    Args:
        models: the models of this process.
    """

    def __init__(self, models: ModelPool) -> None:
        self._models = models

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what is known in a worker."""
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_SENT] = self._models.compile_problems

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker sent."""
        for name, problem in getattr(node, "workeroutput", {}).get(_SENT, {}).items():
            if self._models.opened(name):
                self._models.give_up_compiling(name, problem)
