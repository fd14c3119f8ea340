"""Run a model that tierbench loaded: without gradients, and in the precision that its dtype names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def inference() -> Iterator[None]:
    """Run the body in inference mode, where CUDA does not round float32 convolutions to TF32.

    PyTorch lets cuDNN do that by default: probabilities then differ from those of a CPU by up to 3e-3 (measured on the
    included suites), as much as some differences between models.
    """
    import torch

    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.backends.cudnn.allow_tf32 = before
