"""A local server that speaks the Open Inference Protocol for a linear model, in any layout, or says what it is told."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np

from tests.flat_colours import LABELS

PATH = "/v2/models/colours"
# Labels × channels: each label has its own mix of colours.
WEIGHT = np.random.default_rng(20261126).normal(size=(len(LABELS), 3))
BIAS = np.array([0.1, -0.2, 0.3, 0.0])


def logits_of(pixels: np.ndarray) -> np.ndarray:
    """Return the logits of the model for pixels of shape [n, 3, height, width]."""
    logits: np.ndarray = pixels.astype(np.float64).mean(axis=(2, 3)) @ WEIGHT.T + BIAS
    return logits


def softmax(logits: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(axis=1, keepdims=True)
    return shares


@dataclass
class V2Server:
    """What the model takes and returns.

    Attributes:
        inputs: as the metadata declare them.
        channels_last: whether it takes NHWC.
        probabilities: whether it returns probabilities instead of logits.
        outputs: what it returns in place of an honest answer.
        status: the status of its answers.
        asked: the inputs that it got.
    """

    url: str = ""
    inputs: Any = None
    channels_last: bool = False
    probabilities: bool = False
    outputs: Any = None
    status: int = 200
    asked: list[dict[str, Any]] = field(default_factory=list)

    def metadata(self) -> Any:
        shape = [-1, 32, 32, 3] if self.channels_last else [-1, 3, 32, 32]
        declared = [{"name": "pixels", "datatype": "FP32", "shape": shape}]
        return {"name": "colours", "platform": "", "inputs": declared if self.inputs is None else self.inputs}

    def infer(self, wish: Any) -> Any:
        (given,) = wish["inputs"]
        self.asked.append(given)
        if self.status != 200:
            return {"error": "wrong shape"}
        if self.outputs is not None:
            return {"outputs": self.outputs}
        pixels = np.array(given["data"], dtype=np.float64).reshape(given["shape"])
        values = logits_of(pixels.transpose(0, 3, 1, 2) if self.channels_last else pixels)
        values = softmax(values) if self.probabilities else values
        return {"outputs": [{"name": "out", "datatype": "FP64", "shape": [1, 4], "data": values.ravel().tolist()}]}


@contextmanager
def v2_server() -> Iterator[V2Server]:
    """Serve the model."""
    server = V2Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(200 if self.path == PATH else 404, server.metadata())

        def do_POST(self) -> None:
            wish = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            found = self.path == f"{PATH}/infer"
            self._send(server.status if found else 404, server.infer(wish) if found else {})

        def _send(self, status: int, content: Any) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class calls it so)
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}{PATH}"
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
