"""`--robust-compile`: call a network through torch.compile, or as it is where that fails or says something else."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

from tierbench.common.text import error_text, first_line
from tierbench.models.inference import is_out_of_memory

if TYPE_CHECKING:
    import torch

    # Of a network and its inputs by name.
    Call = Callable[..., torch.Tensor]
    Finish = Callable[[torch.Tensor], torch.Tensor]

PLAIN: Final = "torch"
# In the keys of predictions: compiled, a network rounds in another way.
COMPILED: Final = "torch.compile"
# By how much the float32 outputs of the first batch may differ from those of the network as it is.
TOLERANCE: Final = 1e-5
# What a mean over a whole map is written as where its size is not known: 1,280 for EfficientNet in transformers.
_WIDE_WINDOW = 64
_COMPILERS = {"darwin": "clang++", "win32": "cl"}


class Compilation:
    """How a classifier calls its network: as it is, unless `start` is called.

    Attributes:
        backend: `torch.compile` from `start` on, `torch` before and where it was given up.
        problem: why it was given up, in one line without the model; empty if it was not.

    Args:
        fixed: whether the weights never change: then they are compiled into the code for a CPU, which makes it faster
            by a further factor of 1.3 to 1.6 (measured).
    """

    def __init__(self, *, fixed: bool) -> None:
        self.backend = PLAIN
        self.problem = ""
        self._fixed = fixed
        self._compiled: Callable[..., torch.Tensor] | None = None
        self._agreed = False

    def start(self, device: str) -> None:
        """Compile at the first batch.

        Args:
            device: the kind of device that the network is on.
        """
        if self.backend == COMPILED or self.problem:
            return
        compiler = os.environ.get("CXX") or _COMPILERS.get(sys.platform, "g++")
        if device == "cpu" and shutil.which(compiler) is None:
            self.give_up(f"it takes the C++ compiler {compiler!r}, which is not here; install it, or name one in CXX")
        else:
            self.backend = COMPILED

    def give_up(self, problem: str) -> None:
        """Call the network as it is from now on; the problem says why."""
        self.backend, self.problem, self._compiled = PLAIN, problem, None

    def run(
        self, network: torch.nn.Module, call: Call, batch: Mapping[str, torch.Tensor], finish: Finish
    ) -> torch.Tensor:
        """Return what a network makes of a batch.

        A single picture is left to the network as it is: the last one of a run is not worth compiling for its size.

        Args:
            network: the same each time.
            call: calls it, given itself and its inputs by name, and returns its logits or features.
            batch: its inputs by name, shape [n_images, …].
            finish: makes the outputs of the classifier of what `call` returns, and may raise.
        """
        if self.backend != COMPILED or len(next(iter(batch.values()))) == 1:
            return finish(call(network, **batch))
        try:
            outputs = finish(self._call_compiled(network, call, batch))
            problem = ""
        except Exception as error:
            # Dynamo, Inductor and compilers raise many kinds. What the network itself raises, it raises again below.
            if is_out_of_memory(error):
                raise
            problem = f"it failed: {_cause(error)}"
        else:
            if self._agreed:
                return outputs
        plain = finish(call(network, **batch))
        problem = problem or _difference(outputs, plain, next(iter(batch.values())).dtype)
        if problem:
            self.give_up(problem)
            return plain
        self._agreed = True
        return outputs

    def _call_compiled(self, network: torch.nn.Module, call: Call, batch: Mapping[str, torch.Tensor]) -> torch.Tensor:
        import torch
        import torch._inductor.config as inductor

        if self._compiled is None:
            _shorten_wide_pools(network)

            def forward(**inputs: torch.Tensor) -> torch.Tensor:
                return call(network, **inputs)

            self._compiled = torch.compile(forward)
        for tensor in batch.values():
            # The last batch is smaller: compiled for one size, the network would be compiled anew.
            torch._dynamo.maybe_mark_dynamic(tensor, 0)
        freezing = self._fixed and all(tensor.device.type == "cpu" for tensor in batch.values())
        # Not as an option of torch.compile: Dynamo, which runs before Inductor, looks here, too.
        with inductor.patch(freezing=freezing):
            return self._compiled(**batch)


@runtime_checkable
class Compiles(Protocol):
    """A classifier whose network torch.compile can compile."""

    compilation: Compilation

    @property
    def device(self) -> str:
        """The kind of device that the network is on."""


def compile_model(classifier: object) -> None:
    """Have torch.compile compile the network of a classifier that is one of torch; leave others as they are."""
    if isinstance(classifier, Compiles):
        classifier.compilation.start(classifier.device)


def compile_problem(classifier: object) -> str:
    """Return why a classifier is not compiled although that was asked for; empty if it is, or was not asked for."""
    return classifier.compilation.problem if isinstance(classifier, Compiles) else ""


def give_up_compiling(classifier: object, problem: str) -> None:
    """Call the network of a classifier as it is from now on; the problem says why."""
    if isinstance(classifier, Compiles):
        classifier.compilation.give_up(problem)


def _shorten_wide_pools(network: torch.nn.Module) -> None:
    """Have pools over a whole map, whatever its size, compiled as its mean; as they are, they stay what they were.

    Inductor writes out a loop over the window, however small the map is: EfficientNet would be 16 times slower.
    """
    import torch

    pools: list[Any] = [part for part in network.modules() if isinstance(part, torch.nn.AvgPool2d)]
    for pool in pools:
        size = pool.kernel_size
        window = min((size, size) if isinstance(size, int) else size)
        if window >= _WIDE_WINDOW and pool.ceil_mode and pool.padding in (0, (0, 0)):
            pool.forward = _pooling(pool.forward, window)


def _pooling(pool: Callable[[torch.Tensor], torch.Tensor], window: int) -> Callable[[torch.Tensor], torch.Tensor]:
    import torch

    def forward(maps: torch.Tensor) -> torch.Tensor:
        if torch.compiler.is_compiling() and window >= max(maps.shape[-2:]):
            return maps.mean((-2, -1), keepdim=True)
        return pool(maps)

    return forward


def _difference(outputs: torch.Tensor, plain: torch.Tensor, dtype: torch.dtype) -> str:
    """Say by how much the outputs of a network in float32 differ; empty if they agree, or it is in half precision."""
    import torch

    if dtype != torch.float32 or torch.allclose(outputs, plain, rtol=0, atol=TOLERANCE, equal_nan=True):
        return ""
    return f"its outputs differ from those of the model as it is by {float((outputs - plain).abs().max()):.2g}"


def _cause(error: Exception) -> str:
    inner = getattr(error, "inner_exception", None)
    return error_text(inner) if isinstance(inner, Exception) else first_line(error)
