"""A local server with the part of the Hub's protocol that the huggingface_hub client needs to download a model."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

TOKEN = "hf_" + "x" * 34
REPO = "acme/colours"


class _Handler(BaseHTTPRequestHandler):
    """One private repository; requests without the token get the answer that the Hub gives."""

    protocol_version = "HTTP/1.1"
    # Revision → the folder with its files; a commit is the hash of the revision's name.
    revisions: ClassVar[Mapping[str, Path]] = {}
    broken: ClassVar[bool] = False

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class calls it so)
        """Say nothing."""

    def _answer(self) -> None:
        path = unquote(urlsplit(self.path).path).strip("/")
        if self.broken:
            self._send(503, b"")
        elif self.headers.get("Authorization") != f"Bearer {TOKEN}":
            self._send(401, b"", {"X-Error-Message": "Invalid username or password."})
        elif path.startswith(f"api/models/{REPO}"):
            self._api(path.removeprefix(f"api/models/{REPO}").strip("/"))
        elif path.startswith(f"{REPO}/resolve/"):
            commit, _, name = path.removeprefix(f"{REPO}/resolve/").partition("/")
            self._file(commit, name)
        else:
            self._send(404, b"", {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"})

    def _api(self, rest: str) -> None:
        kind, _, name = rest.partition("/")
        revision = self._revision(name or "main")
        if revision is None:
            self._send(404, b"", {"X-Error-Code": "RevisionNotFound", "X-Error-Message": "Invalid rev id"})
            return
        files = sorted(self.revisions[revision].iterdir())
        if kind == "tree":
            self._json([{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": _blob(f)} for f in files])
        else:
            siblings = [{"rfilename": file.name} for file in files]
            self._json({"id": REPO, "sha": commit_of(revision), "private": True, "tags": [], "siblings": siblings})

    def _file(self, commit: str, name: str) -> None:
        revision = self._revision(commit)
        file = self.revisions[revision] / name if revision else None
        if file is None or not file.is_file():
            self._send(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        self._send(200, file.read_bytes(), {"ETag": f'"{_blob(file)}"', "X-Repo-Commit": commit})

    def _revision(self, name: str) -> str | None:
        return next((revision for revision in self.revisions if name in (revision, commit_of(revision))), None)

    def _json(self, content: object) -> None:
        self._send(200, json.dumps(content).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _blob(file: Path) -> str:
    return hashlib.sha1(file.read_bytes()).hexdigest()  # noqa: S324 (the id of a git blob)


def commit_of(revision: str) -> str:
    """Return the commit of a revision."""
    return hashlib.sha1(revision.encode()).hexdigest()  # noqa: S324 (a commit id)


@contextmanager
def hub(revisions: Mapping[str, Path], *, broken: bool = False) -> Iterator[str]:
    """Serve the revisions of `acme/colours` on the loopback interface; yield the endpoint."""
    handler = type("_Handler", (_Handler,), {"revisions": dict(revisions), "broken": broken})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
