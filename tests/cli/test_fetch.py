"""Fetching images with the real client from a local HTTPS server."""

import hashlib
import os
import re
import shutil
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest
import skimage
import trustme
from PIL import Image

from tests.cli.conftest import Answer
from tierbench.common.files import file_sha256

Call = Callable[..., Answer]
HERE = ("--allow-host", "localhost")


class Handler(SimpleHTTPRequestHandler):
    """Serve a folder, and what servers do wrong."""

    released: threading.Event

    def do_GET(self) -> None:
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", unquote(self.path.removeprefix("/to/")))
            self.end_headers()
            if self.path.endswith("#endless"):
                self.pour()
        elif self.path.startswith(("/endless", "/stalled")):
            self.send_response(200)
            self.end_headers()
            if self.path == "/endless":
                self.pour()
            else:
                self.wfile.write(b"half a pic")
                self.released.wait()
        else:
            super().do_GET()

    def pour(self) -> None:
        with suppress(OSError):  # until the client hangs up
            while not self.released.is_set():
                self.wfile.write(bytes(1 << 16))

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Serve a folder over HTTPS; yield the folder and its address."""
    folder = tmp_path_factory.mktemp("served")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    released = threading.Event()
    handler = type("Released", (Handler,), {"released": released})
    server = ThreadingHTTPServer(("localhost", 0), partial(handler, directory=str(folder)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"https://localhost:{server.server_address[1]}"
    released.set()
    server.shutdown()
    server.server_close()
    thread.join()


def remote_suite(workplace: Path, url: str, digest: str, file_name: str = "here.png") -> Path:
    suite = workplace / "cases" / "remote"
    suite.mkdir()
    text = f"file_name,label,tier,url,sha256\n{file_name},red,1,{url},{digest}\n"
    (suite / "metadata.csv").write_text(text, encoding="utf-8")
    return suite


def test_fetch_downloads_and_verifies(tierbench: Call, workplace: Path, served: tuple[Path, str]) -> None:
    folder, address = served
    Image.new("RGB", (8, 8), "red").save(folder / "there.png")
    digest = hashlib.sha256((folder / "there.png").read_bytes()).hexdigest()
    suite = remote_suite(workplace, f"{address}/there.png", digest)
    assert "images not fetched yet: run `tierbench fetch remote`" in tierbench("list").out
    assert tierbench("fetch", "remote", *HERE) == Answer(0, "remote: 1 image fetched, 0 already present\n", "")
    assert (suite / "here.png").read_bytes() == (folder / "there.png").read_bytes()
    assert tierbench("fetch", "remote", *HERE).out == "remote: 0 images fetched, 1 already present\n"


def test_a_name_that_is_too_long_is_reported_in_one_line(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    folder, address = served
    Image.new("RGB", (8, 8), "red").save(folder / "there.png")
    digest = hashlib.sha256((folder / "there.png").read_bytes()).hexdigest()
    suite = remote_suite(workplace, f"{address}/there.png", digest)
    row = f"{'x' * 300}.png,red,1,there,{address}/there.png,{digest}"
    (suite / "metadata.csv").write_text(f"file_name,label,tier,id,url,sha256\n{row}\n", encoding="utf-8")
    answer = tierbench("fetch", "remote", *HERE)
    assert answer.code == 4
    assert answer.err.rstrip().endswith(": cannot be written: File name too long")
    assert "Traceback" not in answer.err


def test_an_image_with_another_hash_never_reaches_the_suite(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    folder, address = served
    Image.new("RGB", (8, 8), "red").save(folder / "there.png")
    suite = remote_suite(workplace, f"{address}/there.png", "0" * 64)
    answer = tierbench("fetch", "remote", *HERE)
    assert answer.code == 4
    assert "is a different image: its SHA-256 is not that of the row" in answer.err
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]


def test_an_image_that_the_server_lacks_is_reported_in_one_line(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    suite = remote_suite(workplace, f"{served[1]}/nothing.png", "0" * 64)
    answer = tierbench("fetch", "remote", *HERE)
    assert answer.code == 4
    assert len(answer.err.splitlines()) == 1
    assert "cannot be downloaded: HTTPError: 404" in answer.err
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]


def failed_fetch(tierbench: Call, suite: Path, *options: str) -> str:
    """Fetch what cannot be fetched; return what the one line says after the place, and check that nothing is left."""
    answer = tierbench("fetch", "remote", *options)
    assert answer.code == 4
    (line,) = answer.err.splitlines()
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]
    assert line.startswith("error: remote/here (here.png): ")
    return line.partition("cannot be downloaded: ")[2]


def test_redirects_are_followed_to_public_places_only(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    folder, address = served
    Image.new("RGB", (8, 8), "red").save(folder / "there.png")
    digest = hashlib.sha256((folder / "there.png").read_bytes()).hexdigest()
    port = address.rpartition(":")[2]
    for url, says in (
        (f"{address}/to/http://localhost/there.png", "it leads to http://localhost/there.png, which is not https"),
        (f"{address}/to/ftp://localhost/there.png", "it leads to ftp://localhost/there.png, which is not https"),
        (f"{address}/to/https://127.0.0.1:{port}/there.png", "it leads to 127.0.0.1, which has the private address"),
        (f"{address}/to/https://[::1]:{port}/there.png", "it leads to [::1], which has the private address ::1; fix"),
        (f"{address}/to/https://[::ffff:10.0.0.1]/x", "it leads to [::ffff:10.0.0.1], which has the private"),
        (f"{address}/to/https://2130706433:{port}/x", "it leads to 2130706433, which has the private address 127.0"),
        (f"{address}/to/https://169.254.169.254/latest", "it leads to 169.254.169.254, which has the private"),
        (f"{address}/to//to//to//to//to//to//to//to//to//to//to/x", "it redirects more than 10 times; fix the url"),
    ):
        shutil.rmtree(workplace / "cases" / "remote", ignore_errors=True)
        suite = remote_suite(workplace, url, digest)
        assert failed_fetch(tierbench, suite, *HERE).startswith(says)
    shutil.rmtree(suite)
    remote_suite(workplace, f"{address}/to//to/{address}/there.png", digest)
    assert tierbench("fetch", "remote", *HERE).code == 0


def test_a_private_address_must_be_allowed_by_name(tierbench: Call, workplace: Path, served: tuple[Path, str]) -> None:
    suite = remote_suite(workplace, f"{served[1]}/there.png", "0" * 64)
    says = failed_fetch(tierbench, suite, "--allow-host", "127.0.0.1")
    assert re.fullmatch(
        r"it leads to localhost, which has the private address (127\.0\.0\.1|::1); fix the url, or allow it with "
        r"--allow-host localhost",
        says,
    )


def test_what_is_too_large_is_not_read_to_its_end(tierbench: Call, workplace: Path, served: tuple[Path, str]) -> None:
    suite = remote_suite(workplace, f"{served[1]}/endless", "0" * 64)
    says = "it is larger than {} MB; raise the limit with --max-size"
    assert failed_fetch(tierbench, suite, *HERE) == says.format(100)
    assert failed_fetch(tierbench, suite, *HERE, "--max-size", "0.5") == says.format(0.5)


def test_the_body_of_a_redirect_is_not_read(tierbench: Call, workplace: Path, served: tuple[Path, str]) -> None:
    suite = remote_suite(workplace, f"{served[1]}/to/http://x/%23endless", "0" * 64)
    assert failed_fetch(tierbench, suite, *HERE).startswith("it leads to http://x/")


def test_a_server_that_never_ends_is_given_up(tierbench: Call, workplace: Path, served: tuple[Path, str]) -> None:
    suite = remote_suite(workplace, f"{served[1]}/stalled", "0" * 64)
    assert failed_fetch(tierbench, suite, *HERE, "--timeout", "0.2") == (
        "it took longer than 0.2 s; check the connection, or raise the limit with --timeout"
    )


@pytest.mark.slow
def test_what_a_killed_fetch_left_is_removed_by_the_next(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    folder, address = served
    Image.new("RGB", (8, 8), "red").save(folder / "there.png")
    digest = hashlib.sha256((folder / "there.png").read_bytes()).hexdigest()
    suite = remote_suite(workplace, f"{address}/stalled", digest)
    command = [sys.executable, "-m", "tierbench", "fetch", "remote", *HERE]
    with subprocess.Popen(command, cwd=workplace) as process:
        while not (left := list(suite.glob(".*"))):
            assert process.poll() is None
        process.kill()
    assert [path.name for path in suite.glob(".*")] == [path.name for path in left]
    (suite / "metadata.csv").write_text(
        f"file_name,label,tier,url,sha256\nhere.png,red,1,{address}/there.png,{digest}\n", encoding="utf-8"
    )
    assert tierbench("fetch", "remote", *HERE).code == 0
    assert sorted(path.name for path in suite.iterdir()) == ["here.png", "metadata.csv"]


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_what_is_no_file_is_not_replaced(tierbench: Call, workplace: Path, make: Callable[[Path], None]) -> None:
    suite = remote_suite(workplace, "package:skimage/data/coffee.png", "0" * 64)
    make(suite / "here.png")
    answer = tierbench("fetch", "remote")
    assert answer.code == 4
    assert "what is in its place is not a regular file; remove it, then fetch again" in answer.err


def test_fetch_takes_images_from_a_folder(tierbench: Call, workplace: Path, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    Image.new("RGB", (8, 8), "red").save(source / "there.png")
    digest = hashlib.sha256((source / "there.png").read_bytes()).hexdigest()
    # Into folders that are not there yet.
    suite = remote_suite(workplace, "https://example.invalid/there.png", digest, "by/colour/here.png")
    assert tierbench("fetch", "remote", "--from", str(source)).code == 0
    here = suite / "by" / "colour" / "here.png"
    assert here.is_file()
    here.write_bytes(b"something of mine")
    answer = tierbench("fetch", "remote", "--from", str(source))
    assert answer.code == 4
    assert "the file exists with another content" in answer.err
    assert here.read_bytes() == b"something of mine"


def test_fetch_copies_images_of_an_installed_package(tierbench: Call, workplace: Path) -> None:
    photo = Path(skimage.__file__).parent / "data" / "coffee.png"
    suite = remote_suite(workplace, "package:skimage/data/coffee.png", file_sha256(photo))
    assert tierbench("fetch", "remote", *HERE).code == 0
    assert (suite / "here.png").read_bytes() == photo.read_bytes()


@pytest.mark.parametrize("url", ["package:absent_package_x/x.png", "package:skimage/data/coffee.png"])
def test_a_package_that_is_absent_or_has_another_image_is_one_line(tierbench: Call, workplace: Path, url: str) -> None:
    suite = remote_suite(workplace, url, "0" * 64)
    answer = tierbench("fetch", "remote", *HERE)
    assert answer.code == 4
    (line,) = answer.err.splitlines()
    assert line.startswith("error: remote/here (here.png): ")
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]
