"""Fetching images with the real client from a local HTTPS server."""

import hashlib
import ssl
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import skimage
import trustme
from PIL import Image

from tests.cli.conftest import Answer
from tierbench.common.files import file_sha256

Call = Callable[..., Answer]


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, str]]:
    """Serve a folder over HTTPS; yield the folder and its address."""
    folder = tmp_path_factory.mktemp("served")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=str(folder)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield folder, f"https://localhost:{server.server_address[1]}"
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
    assert tierbench("fetch", "remote") == Answer(0, "remote: 1 image fetched, 0 already present\n", "")
    assert (suite / "here.png").read_bytes() == (folder / "there.png").read_bytes()
    assert tierbench("fetch", "remote").out == "remote: 0 images fetched, 1 already present\n"


def test_an_image_with_another_hash_never_reaches_the_suite(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    folder, address = served
    Image.new("RGB", (8, 8), "red").save(folder / "there.png")
    suite = remote_suite(workplace, f"{address}/there.png", "0" * 64)
    answer = tierbench("fetch", "remote")
    assert answer.code == 4
    assert "is a different image: its SHA-256 is not that of the row" in answer.err
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]


def test_an_image_that_the_server_lacks_is_reported_in_one_line(
    tierbench: Call, workplace: Path, served: tuple[Path, str]
) -> None:
    suite = remote_suite(workplace, f"{served[1]}/nothing.png", "0" * 64)
    answer = tierbench("fetch", "remote")
    assert answer.code == 4
    assert len(answer.err.splitlines()) == 1
    assert "cannot be downloaded (HTTPError: 404" in answer.err
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]


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
    assert tierbench("fetch", "remote").code == 0
    assert (suite / "here.png").read_bytes() == photo.read_bytes()


@pytest.mark.parametrize("url", ["package:absent_package_x/x.png", "package:skimage/data/coffee.png"])
def test_a_package_that_is_absent_or_has_another_image_is_one_line(tierbench: Call, workplace: Path, url: str) -> None:
    suite = remote_suite(workplace, url, "0" * 64)
    answer = tierbench("fetch", "remote")
    assert answer.code == 4
    (line,) = answer.err.splitlines()
    assert line.startswith("error: remote/here (here.png): ")
    assert sorted(path.name for path in suite.iterdir()) == ["metadata.csv"]
