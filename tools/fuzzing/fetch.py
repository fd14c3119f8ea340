"""The door of downloads: `fetch` from a server on this machine that answers as no server should."""

from __future__ import annotations

import hashlib
import os
import ssl
import threading
from collections.abc import Sequence
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random
from urllib.parse import quote, unquote

import trustme

from fuzzing import hostile
from fuzzing.calling import command
from fuzzing.door import Input, ProblemError

_HOST = "localhost"
_CONTENT = b"the picture that is wanted" * 40
_DIGEST = hashlib.sha256(_CONTENT).hexdigest()
_CSV = "cases/s/metadata.csv"
# More than `_MAX_MB` allows, less than this machine has.
_MAX_MB = 1
_BIG = 50 << 20
_PLACES = (
    "https://192.0.2.1/x.png",
    "https://127.0.0.1:1/x",
    "https://[::1]:1/x",
    "https://169.254.169.254/latest/meta-data",
    "http://localhost/x.png",
    "file:///etc/passwd",
    "ftp://localhost/x",
    "//localhost/ok",
    "/redirect//ok",
    "https://",
    "\x1b[31m",
)
# What a path of the server begins with → how it answers, see `_Handler`.
_PATHS = ("/ok", "/ok", "/other", "/empty", "/big", "/promise", "/short", "/chunked", "/missing", "/broken", "/named")


class Fetch:
    """Feeds what servers answer."""

    share = 4
    base: Path | None = None

    def __init__(self) -> None:
        # Only the server itself.
        self.hosts = frozenset({_HOST, "127.0.0.1", "::1"})
        self._port = 0

    def prepare(self, top: Path) -> None:
        """Start the server, and trust its certificate."""
        authority = trustme.CA()
        authority.cert_pem.write_to_path(str(top / "ca.pem"))
        os.environ["REQUESTS_CA_BUNDLE"] = str(top / "ca.pem")
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            os.environ.pop(name, None)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(_HOST).configure_cert(context)
        server = ThreadingHTTPServer((_HOST, 0), _Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        self._port = int(server.server_address[1])
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def valid(self) -> Sequence[Input]:
        """Return a picture that is fetched."""
        return [self._input(f"https://{_HOST}:PORT/ok", "new/a.png")]

    def draw(self, chance: Random) -> Input:
        """Return a row whose URL leads to a bad answer."""
        path = chance.choice(_PATHS)
        if chance.random() < 0.3:
            place = chance.choice((*_PLACES, f"https://{_HOST}:PORT{path}", *hostile.TEXTS))
            path = f"/to/{quote(place, '', errors='replace')}"
        name = "new/a.png" if chance.random() < 0.7 else hostile.text(chance)
        url = f"https://{_HOST}:PORT{path}" if chance.random() < 0.9 else f"http://{_HOST}:PORT{path}"
        allow = chance.random() < 0.8
        return self._input(url, name, allow=allow)

    def feed(self, given: Input) -> str:
        """Fetch: what is there afterwards is the picture that was wanted, or nothing."""
        file = Path(_CSV)
        file.write_text(file.read_text(encoding="utf-8").replace("PORT", str(self._port)), encoding="utf-8")
        before = set(Path().rglob("*"))
        answer = command(*given.arguments)
        for new in set(Path().rglob("*")) - before:
            if new.is_file() and new.read_bytes() != _CONTENT:
                raise ProblemError(f"fetch left a file that was not wanted: {new}")
            if answer.code and new.is_file():
                raise ProblemError(f"fetch was refused, but left a file: {new}")
        return answer.outcome

    def _input(self, url: str, name: str, *, allow: bool = True) -> Input:
        rows = [["file_name", "label", "tier", "id", "url", "sha256"], [name, "ship", "1", "a", url, _DIGEST]]
        more = ("--allow-host", _HOST) if allow else ()
        content = hostile.csv_text(rows).encode("utf-8", "replace")
        return Input(("fetch", "s", "--max-size", str(_MAX_MB), "--timeout", "5", *more), {_CSV: content})


class _Handler(BaseHTTPRequestHandler):
    """Answers by what the path begins with."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that the base class has)
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer, well or badly; who is hung up on by the client stops."""
        kind, _, rest = self.path.removeprefix("/").partition("/")
        with suppress(OSError):
            getattr(self, f"_{kind}", self._missing)(unquote(rest))

    def _send(self, content: bytes, length: int | None = None, **headers: str) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)

    def _ok(self, rest: str) -> None:
        self._send(_CONTENT)

    def _other(self, rest: str) -> None:
        self._send(b"<!doctype html>")

    def _empty(self, rest: str) -> None:
        self._send(b"")

    def _big(self, rest: str) -> None:
        self._send(bytes(_BIG))

    def _promise(self, rest: str) -> None:
        self._send(b"x", 2**40)

    def _short(self, rest: str) -> None:
        self._send(_CONTENT[:100], len(_CONTENT))
        self.close_connection = True

    def _chunked(self, rest: str) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"zz\r\n\x1b[31m")

    def _named(self, rest: str) -> None:
        self._send(_CONTENT, Content_Encoding="gzip", Content_Disposition='attachment; filename="../../x"')

    def _broken(self, rest: str) -> None:
        self.wfile.write(b"HTTP/9.9 \x1b[31m\r\n\r\n")

    def _to(self, rest: str) -> None:
        self.send_response(302)
        self.send_header("Location", rest.replace("PORT", str(self.connection.getsockname()[1])).replace("\n", ""))
        self.end_headers()

    def _missing(self, rest: str) -> None:
        self.send_error(404)
