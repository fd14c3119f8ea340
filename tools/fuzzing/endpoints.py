"""The door of endpoints: what a server answers to a run, in both protocols."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from small_repository import make_repository

from fuzzing import hostile
from fuzzing.calling import run_pytest
from fuzzing.door import Input

_LABELS = ("airplane", "ship")
_PATHS = {"hf": "/cars", "v2": "/v2/models/cars"}
_GOOD: Mapping[str, Any] = {
    "hf": [{"label": "ship", "score": 0.75}, {"label": "airplane", "score": 0.25}],
    "v2": {"outputs": [{"name": "scores", "shape": [1, 2], "datatype": "FP32", "data": [0.25, 0.75]}]},
}
_DECLARED = {"name": "cars", "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 3, 32, 32]}]}
_PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 32, "width": 32},
    "image_mean": [0, 0, 0],
    "image_std": [1, 1, 1],
}
_SCORES = (float("nan"), float("inf"), -1, 2, 10**400, True, None, "0.5", [0.5], 1e308, 1e-400)
_STATUS = (200, 200, 200, 200, 204, 301, 308, 400, 401, 404, 429, 500, 503, 99, 999)
_HEADERS = (
    "Content-Encoding: gzip",
    "Content-Encoding: br",
    "Content-Length: 99999999999999",
    "Content-Length: -1",
    "Transfer-Encoding: chunked",
    "Location: http://example.invalid/",
    "Location: //[",
    "Retry-After: 1e999",
    "Retry-After: nan",
    "Retry-After: Thu, 99 Foo 99999 00:00:00 GMT",
    "Set-Cookie: a=b",
    "x: \x1b[31m",
)
# Where a server says nothing more, or one byte after the other.
_HANG, _DRIP = b"hang", b"drip"


class Endpoints:
    """Feeds the answers of a server."""

    share = 6
    hosts = frozenset({"127.0.0.1"})
    base: Path | None = None

    def __init__(self) -> None:
        self._answers: list[bytes] = []
        self._port = 0

    def prepare(self, top: Path) -> None:
        """Make a repository, and start the server."""
        # Before the clock of the first input runs: on a busy machine that takes longer than an input may.
        import_module("transformers.models.auto.image_processing_auto")
        self.base = top / "endpoints"
        make_repository(self.base, cases=2)
        (self.base / "labels.txt").write_text("\n".join(_LABELS), encoding="utf-8")
        (self.base / "processor").mkdir()
        (self.base / "processor" / "preprocessor_config.json").write_text(json.dumps(_PROCESSOR), encoding="utf-8")
        listening = socket.create_server(("127.0.0.1", 0))
        self._port = listening.getsockname()[1]
        threading.Thread(target=self._serve, args=(listening,), daemon=True).start()

    def valid(self) -> Sequence[Input]:
        """Return answers as they should be."""
        right = {"hf": [_response(_GOOD["hf"])], "v2": [_response(_DECLARED), _response(_GOOD["v2"])]}
        return [_input(protocol, answers) for protocol, answers in right.items()]

    def draw(self, chance: Random) -> Input:
        """Return answers of which some are broken."""
        protocol = chance.choice(tuple(_PATHS))
        answers = [_response(_GOOD[protocol])] if protocol == "hf" else [_response(_DECLARED)]
        if chance.random() < 0.5:
            answers = []
        if not answers and protocol == "v2" and chance.random() < 0.5:
            answers = [_broken(chance, _DECLARED)]
        answers += [_broken(chance, _GOOD[protocol]) for _ in range(1 + int(chance.random() * 2))]
        return _input(protocol, answers, *chance.choice(((), ("--robust-labels=labels.txt",))))

    def feed(self, given: Input) -> str:
        """Run pytest against the server."""
        self._answers = [Path(f"answer-{number}").read_bytes() for number in range(len(given.files))]
        protocol, *rest = given.arguments
        model = f"--robust-model=served=endpoint:http://127.0.0.1:{self._port}{_PATHS[protocol]}"
        answer = run_pytest(f"--rootdir={Path.cwd()}", model, "--robust-endpoint-timeout=3", *rest)
        return f"{answer.outcome} by {protocol}"

    def _serve(self, listening: socket.socket) -> None:
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        """Answer one request, and end the connection; the last answer is given to all that follow."""
        with connection, suppress(OSError, ValueError):
            stream = connection.makefile("rb")
            length = 0
            while line := stream.readline().strip():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            stream.read(length)
            answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if answer.startswith((_HANG, _DRIP)):
                connection.sendall(answer[4:])
                ended = threading.Event()
                while not ended.wait(0.05):
                    connection.sendall(b"x" * answer.startswith(_DRIP))
            connection.sendall(answer)


def _input(protocol: str, answers: Sequence[bytes], *more: str) -> Input:
    own = ("--robust-processor=processor", "--robust-labels=labels.txt") if protocol == "v2" else more
    return Input((protocol, *own), {f"answer-{number}": answer for number, answer in enumerate(answers)})


def _response(content: Any, status: int = 200, *headers: str) -> bytes:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", "Connection: close", *headers]
    if not any(header.startswith(("Content-Length", "Transfer")) for header in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _broken(chance: Random, good: Any) -> bytes:
    """Return an answer with other values, another form, status or headers, damage, or none."""
    kinds: Sequence[Callable[[Random, Any], bytes]] = (_values, _values, _form, _transport, _large)
    return chance.choice(kinds)(chance, good)


def _values(chance: Random, good: Any) -> bytes:
    text = json.dumps(good)
    for number in ("0.75", "0.25", "-1", "32", "3"):
        if chance.random() < 0.4:
            text = text.replace(number, json.dumps(chance.choice(_SCORES)), 1)
    for name in ("ship", "airplane", "FP32", "x"):
        if chance.random() < 0.2:
            text = text.replace(json.dumps(name), json.dumps(chance.choice(("ship", "FP16", hostile.text(chance)))), 1)
    return _response(text.encode())


def _form(chance: Random, good: Any) -> bytes:
    return _response(hostile.json_bytes(chance, good), chance.choice(_STATUS))


def _transport(chance: Random, good: Any) -> bytes:
    kind = chance.random()
    whole = _response(good, chance.choice(_STATUS), *chance.sample(_HEADERS, 1 + int(chance.random() * 2)))
    if kind < 0.4:
        return whole
    if kind < 0.5:
        return chance.choice((_HANG, _DRIP)) + whole[: int(chance.random() * len(whole))]
    return hostile.damaged(chance, whole, chance.choice((20, 200, None)))


def _large(chance: Random, good: Any) -> bytes:
    kind = chance.choice(("labels", "twice", "gzip", "long"))
    if kind == "gzip":
        return _response(gzip.compress(bytes(2**26)), 200, "Content-Encoding: gzip")
    if kind == "long":
        return _response(b"[" + b" " * 2**25)
    count = 30_000 if kind == "labels" else 4
    return _response([{"label": f"l{number % (count // 2)}", "score": 1 / count} for number in range(count)])
