"""Run a model that tierbench loaded: without gradients, in the precision that its dtype names, as memory allows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def inference() -> Iterator[None]:
    """Run the body in inference mode and in full precision, see `full_precision`."""
    import torch

    with full_precision(), torch.inference_mode():
        yield


@contextmanager
def full_precision() -> Iterator[None]:
    """Run the body where CUDA does not round float32 convolutions to TF32.

    PyTorch lets cuDNN do that by default: probabilities then differ from those of a CPU by up to 3e-3 (measured on the
    included suites), as much as some differences between models.
    """
    import torch

    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a model failed because there is not enough memory, of the device or of the machine."""
    return isinstance(error, MemoryError) or "out of memory" in str(error) or "can't allocate memory" in str(error)
