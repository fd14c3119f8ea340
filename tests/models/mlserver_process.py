"""MLServer in a virtual environment of its own (its pins clash with ours), with the model of `v2_server.py`."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Thread

import numpy as np
import pytest

from tests.models.v2_server import BIAS, PATH, WEIGHT

VERSION = "1.7.1"
RUNTIME = """
import numpy as np
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Linear(MLModel):
    async def load(self):
        with np.load(self.settings.parameters.uri) as file:
            self.weight, self.bias = file["weight"], file["bias"]
        return True

    async def predict(self, payload):
        pixels = NumpyCodec.decode_input(payload.inputs[0])
        logits = pixels.mean(axis=(2, 3)) @ self.weight.T + self.bias
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("logits", logits)])
"""


def make_environment(folder: Path) -> Path:
    """Return the Python of a new virtual environment with MLServer; skips loudly where it cannot be installed."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    quick = ("-q", "--no-compile", "--disable-pip-version-check", "--retries", "1", "--timeout", "10")
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *quick, f"mlserver=={VERSION}"]
    # It must not see what is installed for the tests.
    apart = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    answer = subprocess.run(command, env=apart, capture_output=True, text=True, check=False)
    if answer.returncode:
        lines = answer.stderr.strip().splitlines() or ["no message"]
        reason = f"MLServer {VERSION} cannot be installed: {lines[-1][:200]}"
        if os.environ.get("TIERBENCH_REQUIRE_MLSERVER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return python


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in sockets]


@contextmanager
def mlserver(python: Path, folder: Path) -> Iterator[str]:
    """Serve the model; yields its URL when it is there."""
    http, grpc, metrics = free_ports(3)
    settings = {"host": "127.0.0.1", "http_port": http, "grpc_port": grpc, "metrics_port": metrics}
    model = {
        "name": "colours",
        "implementation": "linear.Linear",
        "inputs": [{"name": "pixels", "datatype": "FP32", "shape": [-1, 3, 32, 32]}],
        "outputs": [{"name": "logits", "datatype": "FP32", "shape": [-1, 4]}],
        "parameters": {"uri": "weights.npz"},
    }
    (folder / "linear.py").write_text(RUNTIME, encoding="utf-8")
    (folder / "settings.json").write_text(json.dumps({**settings, "parallel_workers": 0}), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(model), encoding="utf-8")
    np.savez(folder / "weights.npz", weight=WEIGHT, bias=BIAS)
    apart = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(
        [str(python.with_name("mlserver")), "start", "."],
        # From here it imports the model.
        cwd=folder,
        env=apart,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            log = ""
            # In either order.
            while not (f"Uvicorn running on http://127.0.0.1:{http}" in log and "Loaded model 'colours'" in log):
                line = process.stdout.readline()
                if not line:
                    pytest.fail(f"MLServer ended:\n{log}")
                log += line
            # Its pipe must not fill up.
            Thread(target=process.stdout.read, daemon=True).start()
            yield f"http://127.0.0.1:{http}{PATH}"
        finally:
            process.kill()
