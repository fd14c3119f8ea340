"""A local server that speaks Hugging Face's inference protocol with a real pipeline, and misbehaves where told to."""

from __future__ import annotations

import base64
import binascii
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

# Status, headers, body; None: the connection is held until the server ends.
Reply = tuple[int, dict[str, str], bytes] | None
# Gets the number of the request, from 0, and the picture; None: an honest answer.
Script = Callable[[int, Image.Image], Reply | bool]


def reply(status: int, content: Any, **headers: str) -> Reply:
    """Return a reply with JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"Content-Type": "application/json", **named}, json.dumps(content).encode()


@dataclass
class HfServer:
    """What a server says, and what it was asked.

    Attributes:
        classify: the real model: picture and top_k → labels with scores.
        script: what it says in place of that; False: an honest answer.
        most: the number of labels that it gives at most.
        plain_only: whether it takes pictures alone, and no JSON.
        token: what it demands; empty: nothing.
    """

    classify: Callable[[Image.Image, int], list[dict[str, Any]]]
    url: str = ""
    script: Script = lambda number, picture: False
    most: int = 100_000
    plain_only: bool = False
    token: str = ""
    paths: list[str] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    media_types: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def answer(self, body: bytes, media_type: str, authorization: str) -> Reply:
        number = len(self.contents)
        self.media_types.append(media_type)
        self.authorizations.append(authorization)
        top_k, content = 5, body
        if media_type == "application/json":
            try:
                wish = json.loads(body)
                content, top_k = base64.b64decode(wish["inputs"]), wish["parameters"]["top_k"]
            except (ValueError, KeyError, binascii.Error):
                return reply(400, {"error": "no such form"})
        self.contents.append(content)
        if self.token and authorization != f"Bearer {self.token}":
            return reply(401, {"error": f"{authorization} is not welcome"})
        if self.plain_only and media_type == "application/json":
            return reply(415, {"error": "send a picture"})
        picture = Image.open(io.BytesIO(content))
        said = self.script(number, picture)
        if said is not False:
            assert not isinstance(said, bool)
            return said
        return reply(200, self.classify(picture, min(top_k, self.most)))


@contextmanager
def hf_server(folder: Path) -> Iterator[HfServer]:
    """Serve the model in a folder through transformers' own pipeline."""
    from transformers import pipeline

    model = pipeline("image-classification", str(folder), device="cpu")
    lock = threading.Lock()

    def classify(picture: Image.Image, top_k: int) -> list[dict[str, Any]]:
        with lock:
            return [dict(entry) for entry in model(picture.convert("RGB"), top_k=top_k)]

    server = HfServer(classify)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            server.paths.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            said = server.answer(body, self.headers.get("Content-Type", ""), self.headers.get("Authorization", ""))
            if said is None:
                server.ended.wait()
                self.close_connection = True
                return
            status, headers, content = said
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class calls it so)
            """Say nothing."""

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    # A handler that holds its connection must not be waited for.
    http.daemon_threads = True
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    server.url = f"http://127.0.0.1:{http.server_address[1]}"
    try:
        yield server
    finally:
        server.ended.set()
        http.shutdown()
        http.server_close()
        thread.join()
