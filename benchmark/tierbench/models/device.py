"""Choose the device that a model runs on; for the CPU, torch is not imported if that can be avoided."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

from tierbench.common.errors import UserError
from tierbench.common.text import one_line

DEVICES = ("auto", "cpu", "cuda", "mps")


def resolve_device(device: str) -> str:
    """Return the device kind to use: `cpu`, `cuda` or `mps`.

    Raises:
        UserError: if the device is unknown or not available.
    """
    if device not in DEVICES:
        raise UserError(f"--robust-device {one_line(device)!r} is unknown; write one of {', '.join(DEVICES)}")
    if device == "cpu" or (device == "auto" and _surely_no_accelerator()):
        return "cpu"
    import torch

    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if device == "auto":
        return next((name for name, available in there.items() if available), "cpu")
    if not there[device]:
        raise UserError(
            f"--robust-device {device}: torch {torch.__version__} does not find such a device; "
            "use --robust-device auto or cpu"
        )
    return device


def _surely_no_accelerator() -> bool:
    """Return whether there is certainly no accelerator, without importing torch.

    That is so if torch is a build for the CPU, or if Linux shows no device of any vendor.
    """
    if sys.platform == "darwin":
        return False
    if importlib.metadata.version("torch").endswith("+cpu"):
        return True
    nodes = ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
    return sys.platform == "linux" and not any(Path(node).exists() for node in nodes)
