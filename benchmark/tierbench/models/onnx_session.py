"""Run an ONNX graph with ONNX Runtime: prepared pictures in, probabilities out."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import first_line
from tierbench.models.device import DEVICES
from tierbench.models.onnx_signature import Signature

if TYPE_CHECKING:
    import numpy as np
    import torch

BACKEND = "onnxruntime"
_CUDA = "CUDAExecutionProvider"
# Of its messages, only those of a program that must end are printed; errors are raised anyway.
_FATAL = 4
# Probabilities in half precision are off by up to 0.4 %, and add up.
_SUM_TOLERANCE = 0.01
# That logits of a batch come so near to it is next to impossible.
_SURELY_ONE = 1e-4
# Pictures that a thread of the CPU runs at once.
_AT_ONCE = 4


def resolve_onnx_device(device: str, place: str) -> str:
    """Return the kind of device that ONNX Runtime uses, `cpu` or `cuda`.

    Raises:
        UserError: if the device is unknown, or ONNX Runtime has nothing for it.
    """
    if device not in DEVICES:
        raise UserError(f"--robust-device {device!r} is unknown; write one of {', '.join(DEVICES)}")
    if device == "cpu" or (device == "auto" and not _may_have_cuda()):
        return "cpu"
    import onnxruntime

    if _CUDA in onnxruntime.get_available_providers() and device in ("auto", "cuda"):
        return "cuda"
    if device == "auto":
        return "cpu"
    fix = "install onnxruntime-gpu in place of onnxruntime, or " if device == "cuda" else ""
    raise UserError(
        f"{place}: ONNX Runtime {onnxruntime.__version__} has nothing for --robust-device {device}; {fix}"
        "use --robust-device auto or cpu"
    )


def _may_have_cuda() -> bool:
    return sys.platform == "win32" or Path("/dev/nvidiactl").exists() or Path("/dev/dxg").exists()


class OnnxSession:
    """A graph that ONNX Runtime runs; it is loaded at first use.

    Args:
        file: the ONNX file.
        signature: what the graph takes and returns.
        labels: the number of classes.
        multi_label: whether logits become sigmoids, not a softmax.
        device: `cpu` or `cuda`.
        place: the model, for messages.
    """

    def __init__(
        self, file: Path, signature: Signature, labels: int, *, multi_label: bool, device: str, place: str
    ) -> None:
        self._file = file
        self._signature = signature
        self._labels = labels
        self._multi_label = multi_label
        self._device = device
        self._place = place

    def predict(self, inputs: Sequence[torch.Tensor]) -> np.ndarray:
        """Return the probabilities of the labels, float32, for prepared pictures of shape [channels, height, width].

        Raises:
            UserError: if the graph cannot be loaded, or returns something else than it says.
        """
        import numpy as np

        size = self._part(len(inputs))
        parts = [inputs[start : start + size] for start in range(0, len(inputs), size)]
        # ONNX Runtime lets go of Python's lock, and a session may run in several threads.
        run = self._threads.map if len(parts) > 1 and self._device == "cpu" else map
        outputs = np.concatenate(list(run(self._scores, parts))).astype(np.float32)
        if outputs.shape[1] != self._labels:
            raise UserError(
                f"{self._place}: it returns {outputs.shape[1]} numbers for a picture, but has {self._labels} labels; "
                "name its labels in their order"
            )
        return self._checked(outputs)

    def _part(self, pictures: int) -> int:
        """Return how many pictures run at once: as many as the graph takes, else a few for each thread, or all."""
        if self._signature.batch is not None:
            return self._signature.batch
        if self._device != "cpu":
            return pictures
        import torch

        # A thread that runs pictures of its own waits for no other after each layer, and a few of them stay in its
        # processor's cache.
        return min(_AT_ONCE, -(-pictures // torch.get_num_threads()))

    @cached_property
    def _threads(self) -> ThreadPoolExecutor:
        import torch

        return ThreadPoolExecutor(torch.get_num_threads(), thread_name_prefix="onnx")

    def _scores(self, inputs: Sequence[torch.Tensor]) -> np.ndarray:
        """Return what the graph says of some pictures, a row each; where it takes more, the last one is repeated."""
        import numpy as np

        filling = [inputs[-1]] * ((self._signature.batch or 0) - len(inputs))
        pixels = np.stack([picture.numpy() for picture in (*inputs, *filling)])
        if self._signature.layout == "NHWC":
            pixels = pixels.transpose(0, 2, 3, 1)
        if self._signature.dtype == "uint8":
            pixels = np.rint(pixels).clip(0, 255)
        return self._run(np.ascontiguousarray(pixels, dtype=self._signature.dtype))[: len(inputs)]

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        outputs: list[np.ndarray] = self.loaded.run([self._signature.output], {self._signature.input: pixels})
        scores: np.ndarray = outputs[0].reshape(len(pixels), -1)
        return scores

    def _checked(self, outputs: np.ndarray) -> np.ndarray:
        import numpy as np

        distance = abs(outputs.sum(axis=1) - 1).max() if (outputs >= 0).all() else np.inf
        fix = 'in "tierbench" of the config.json beside it'
        if self._signature.outputs == "logits":
            if distance < _SURELY_ONE and outputs.shape[1] > 1:
                raise UserError(
                    f"{self._place}: its outputs were taken for logits, but are probabilities; write "
                    f'"outputs": "softmax" {fix}'
                )
            return _probabilities(outputs, multi_label=self._multi_label)
        if self._signature.outputs == "softmax" and np.isfinite(outputs).all() and distance > _SUM_TOLERANCE:
            raise UserError(
                f"{self._place}: its outputs should be probabilities, but do not sum to 1; write "
                f'"outputs": "logits" (or "sigmoid") {fix}'
            )
        return outputs

    @cached_property
    def loaded(self) -> Any:
        """The session of ONNX Runtime. No library of custom operators is ever registered in it.

        Raises:
            UserError: if ONNX Runtime cannot load the file, or does not find the device.
        """
        import onnxruntime
        import torch

        options = onnxruntime.SessionOptions()
        options.log_severity_level = _FATAL
        # As many as torch uses, which knows OMP_NUM_THREADS and the cores that this process may use.
        options.intra_op_num_threads = torch.get_num_threads()
        options.inter_op_num_threads = 1
        # Waiting threads would take the cores from those that decode pictures.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        providers = ["CPUExecutionProvider"] if self._device == "cpu" else [_CUDA, "CPUExecutionProvider"]
        try:
            session = onnxruntime.InferenceSession(self._file, sess_options=options, providers=providers)
        except Exception as error:
            # It raises many kinds of errors, and a damaged or hostile file may cause any of them.
            raise UserError(
                f"{self._place}: ONNX Runtime {onnxruntime.__version__} cannot load it ({first_line(error)}); "
                "export the model again"
            ) from error
        if self._device == "cuda" and _CUDA not in session.get_providers():
            raise UserError(f"{self._place}: ONNX Runtime cannot use CUDA here; use --robust-device cpu")
        return session


def _probabilities(outputs: np.ndarray, *, multi_label: bool) -> np.ndarray:
    """Return the probabilities of logits, computed in float64, as the sum over many labels rounds."""
    import numpy as np

    logits = outputs.astype(np.float64)
    if multi_label:
        scores = np.exp(-np.logaddexp(0, -logits))
    else:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        scores = powers / powers.sum(axis=1, keepdims=True)
    return np.asarray(scores, dtype=np.float32)
