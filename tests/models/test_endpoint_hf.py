"""Models behind a server that speaks Hugging Face's protocol: a real pipeline, served here, that also misbehaves."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.conftest import SuiteWriter
from tests.flat_colours import LABELS, SAID, flat
from tests.models.endpoint_clock import Clock
from tests.models.hf_server import HfServer, Reply, hf_server, reply
from tests.models.hub_server import REPO, hub
from tests.models.hub_server import TOKEN as HUB_TOKEN
from tierbench import load_classifier
from tierbench.common.errors import UserError
from tierbench.models.endpoint_settings import EndpointSettings
from tierbench.models.endpoint_token import find_token
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Prediction, Predictor
from tierbench.suites import read_suites
from tierbench.suites.case import Case
from tierbench.suites.derived import step_views

ROWS = "file_name,label,tier\nred.png,automobile,1\ngreen.png,truck,1\nblue.png,ship,1\n"
VARIABLE = "CARS_TOKEN"
TOKEN = "tk-" + "y" * 20


@pytest.fixture(scope="module")
def served(colour_model: Path) -> Iterator[HfServer]:
    with hf_server(colour_model) as server:
        yield server


@pytest.fixture
def server(served: HfServer) -> HfServer:
    """An honest server that was asked for nothing yet."""
    served.script, served.most, served.plain_only, served.token = (lambda number, picture: False), 100_000, False, ""
    for asked in (served.contents, served.media_types, served.authorizations):
        asked.clear()
    return served


class Opened:
    """Opens the served model with a clock whose time passes only by waiting."""

    def __init__(self, server: HfServer) -> None:
        self.server = server
        self.clock = Clock()
        self.notices: list[str] = []
        self.settings = EndpointSettings(timeout=60, notice=self.notices.append, clock=self.clock)

    def __call__(self, labels: Sequence[str] | None = LABELS, version: str = "", **changes: Any) -> Predictor:
        settings = replace(self.settings, **changes)
        model = load_classifier(f"endpoint:{self.server.url}/cars{version}", labels=labels, endpoint=settings)
        return Predictor(model, PredictionStore(None), batch_size=4)


@pytest.fixture
def opened(server: HfServer) -> Opened:
    return Opened(server)


@pytest.fixture
def cases(suite: SuiteWriter) -> list[Case]:
    (found,), problems = read_suites([suite(ROWS)])
    assert not problems
    return list(found.cases)


def errors(found: dict[str, Prediction]) -> list[str]:
    return [prediction.error for prediction in found.values()]


def is_red(picture: Image.Image) -> bool:
    return picture.convert("RGB").getpixel((0, 0)) == flat("red").getpixel((0, 0))


def test_a_served_model_says_what_its_folder_says(server: HfServer, opened: Opened, cases: list[Case]) -> None:
    found = opened().predict(cases)
    for key, prediction in found.items():
        assert prediction.probabilities == pytest.approx(SAID[key.partition("/")[2]], abs=1e-5)
        assert prediction.ceiling == 0
    assert set(server.media_types) == {"application/json"}
    assert opened.notices == []
    assert opened.clock.waits == []


def test_originals_are_sent_as_their_bytes_and_derived_pictures_as_png(
    server: HfServer, opened: Opened, cases: list[Case]
) -> None:
    with Image.open(cases[0].path) as picture:
        picture.save(cases[0].path.with_suffix(".jpg"), "JPEG")
    cases = [replace(cases[0], path=cases[0].path.with_suffix(".jpg"))]
    predictor = opened()
    server.contents.clear()
    predictor.predict([*cases, step_views(cases[0])[1]])
    original, view = sorted(server.contents, key=lambda content: content[:1] == b"\x89")
    assert original == cases[0].path.read_bytes()
    assert view.startswith(b"\x89PNG")


def test_a_server_that_takes_pictures_alone_gets_them_so(server: HfServer, opened: Opened, cases: list[Case]) -> None:
    server.plain_only = True
    predictor = opened()
    found = predictor.predict(cases)
    assert found["colours/red"].probabilities == pytest.approx(SAID["red"], abs=1e-5)
    assert server.media_types[-1] == "image/png"


def test_labels_come_from_the_first_answer_where_nobody_names_them(opened: Opened, server: HfServer) -> None:
    assert opened(labels=None).identity.labels == tuple(sorted(LABELS))
    server.most = 2
    with pytest.raises(UserError, match="answers with 2 labels only, and may have others; write the names of all its"):
        opened(labels=None)


def test_a_sigmoid_model_is_known_by_the_sum_of_its_scores(multi_label_model: Path, cases: list[Case]) -> None:
    with hf_server(multi_label_model) as server:
        server.script = lambda number, picture: reply(200, [{"label": name, "score": 0.6} for name in LABELS])
        predictor = Opened(server)()
        assert predictor.identity.multi_label
        server.most = 2
        server.script = lambda number, picture: False
        (prediction, *_) = predictor.predict(cases).values()
        assert prediction.ceiling == pytest.approx(sorted(SAID["red"])[-2], abs=1e-5)


def test_numbered_labels_get_the_names_of_the_label_file(opened: Opened, server: HfServer, cases: list[Case]) -> None:
    honest = server.classify

    def numbered(number: int, picture: Image.Image) -> Reply:
        said = honest(picture, 4)
        return reply(200, [{**entry, "label": f"LABEL_{LABELS.index(entry['label'])}"} for entry in said])

    server.script = numbered
    found = opened().predict(cases)
    assert found["colours/red"].probabilities == pytest.approx(SAID["red"], abs=1e-5)
    with pytest.raises(UserError, match="its labels are only LABEL_0, LABEL_1 and 2 more; write the names"):
        opened(labels=None)


def test_a_truncated_answer_bounds_what_it_lacks_and_is_kept(
    server: HfServer, opened: Opened, cases: list[Case], tmp_path: Path
) -> None:
    server.most = 2
    predictor = opened(version="@v1")
    kept = PredictionStore(tmp_path / "kept.sqlite")
    found = Predictor(predictor.classifier, kept).predict(cases)
    red, green = found["colours/red"], found["colours/green"]
    # 0.90 and 0.05 are given: each of the others has at most 0.05, what is left.
    assert red.probabilities == pytest.approx([0.05, 0.90, 0, 0], abs=1e-5)
    assert red.ceiling == pytest.approx(0.05, abs=1e-4)
    assert green.ceiling == pytest.approx(0.10, abs=1e-4)
    asked = len(server.contents)
    again = Predictor(predictor.classifier, kept).predict(cases)
    assert len(server.contents) == asked
    assert again["colours/red"].ceiling == pytest.approx(red.ceiling)
    assert again["colours/red"].probabilities == pytest.approx(red.probabilities)


def test_while_the_model_loads_it_waits_and_says_so_once(server: HfServer, opened: Opened, cases: list[Case]) -> None:
    loading = reply(503, {"error": "Model cars is currently loading", "estimated_time": 12.5})
    server.script = lambda number, picture: loading if number < 3 else False
    found = opened().predict(cases)
    assert errors(found) == [""] * 3
    assert opened.clock.waits == [12.5] * 3
    (notice,) = opened.notices
    assert notice.endswith("/cars': the endpoint is loading its model; waiting, at least 12 s")


@pytest.mark.parametrize(
    ("status", "headers", "waits"),
    [
        (429, {"Retry_After": "7"}, [7.0]),
        (429, {"Retry_After": "Thu, 26 Nov 2026 00:00:09 GMT"}, [9.0]),
        (429, {"Retry_After": "soon"}, None),
        (408, {}, None),
        (500, {}, None),
        (502, {}, None),
        (504, {}, None),
    ],
)
def test_a_busy_server_is_asked_again(
    server: HfServer, opened: Opened, status: int, headers: dict[str, str], waits: list[float] | None
) -> None:
    busy = reply(status, {"error": "busy"}, **headers)
    server.script = lambda number, picture: busy if number < 1 else False
    opened()
    assert len(opened.clock.waits) == 1
    assert opened.clock.waits == waits or (waits is None and 0.25 <= opened.clock.waits[0] <= 0.5)


def test_waits_grow_and_end_at_the_deadline(server: HfServer, opened: Opened, cases: list[Case]) -> None:
    predictor = opened()
    server.script = lambda number, picture: reply(503, {"error": "no capacity"})
    begun = opened.clock.time
    (error,) = errors(predictor.predict(cases[:1]))
    assert 40 <= opened.clock.time - begun <= 60
    assert opened.clock.waits[-1] > opened.clock.waits[0]
    assert "(503: no capacity); if it needs longer, raise --robust-endpoint-timeout" in error
    # It is given up: others get one try each, and in the end none.
    asked = len(server.contents)
    assert all(errors(predictor.predict(cases[1:])))
    assert len(server.contents) == asked + 2
    assert errors(predictor.predict(cases[:1])) == [
        "not asked, because the endpoint did not answer several requests before"
    ]
    assert len(server.contents) == asked + 2


def test_a_server_that_asks_for_more_patience_than_there_is_gets_none(
    server: HfServer, opened: Opened, cases: list[Case]
) -> None:
    predictor = opened()
    server.script = lambda number, picture: reply(429, {"error": "quota"}, Retry_After="3600")
    (error,) = errors(predictor.predict(cases[:1]))
    assert "429: quota, and it asks to wait 3600 s" in error
    assert opened.clock.waits == []


def test_one_picture_that_the_server_cannot_take_does_not_affect_others(
    server: HfServer, opened: Opened, cases: list[Case]
) -> None:
    predictor = opened()
    bad = reply(400, {"error": "cannot\x1b[31m identify image\n::error::file"})
    server.script = lambda number, picture: bad if is_red(picture) else False
    red, *others = errors(predictor.predict(cases))
    assert red == r"the endpoint answers 400: cannot\x1b[31m identify image ::error::file"
    assert others == ["", ""]
    assert opened.clock.waits == []


SCORED = [{"label": name, "score": 0.25} for name in LABELS]


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (
            (200, {"Content-Type": "text/html; charset=x"}, b"<html>Sign in</html>"),
            "not JSON (text/html: <html>Sign in",
        ),
        ((200, {}, b""), "the endpoint's answer is not JSON (no type: no message)"),
        (reply(200, {"error": "out of memory"}), "the endpoint answers: out of memory"),
        (reply(200, {"predictions": []}), "the endpoint's answer is not a list of labels with scores"),
        (reply(200, []), "the endpoint's answer is not a list of labels with scores"),
        (reply(200, [{"label": "ship", "score": "high"}]), "the endpoint's answer is not a list of labels with"),
        ((200, {}, b'[{"label": "ship", "score": NaN}]'), "the endpoint's score of 'ship' is nan, not a probability"),
        (
            reply(200, [{"label": "ship", "score": 10**400}]),
            "the endpoint's score of 'ship' is 1000000000000000000…, not",
        ),
        (reply(200, [{"label": "ship", "score": -0.5}]), "the endpoint's score of 'ship' is -0.5, not a probability"),
        (reply(200, [*SCORED, SCORED[0]]), "the endpoint answers with the label 'airplane' twice"),
        (reply(200, [{"label": "cat", "score": 1.0}]), "with the label 'cat' which is not among its labels"),
        (reply(200, [{**entry, "score": 0.2} for entry in SCORED]), "the endpoint's scores sum to 0.8, not to 1"),
        (reply(200, SCORED[:3]), ""),
        (reply(200, [{**entry, "score": 0.1} for entry in SCORED[:3]]), "sum to 0.3, and with 1 missing labels that"),
        (reply(200, [SCORED]), ""),
        (reply(500, {"error": "boom"}), "the endpoint answers 500: boom"),
        ((200, {}, b"[" * 100_000), "the endpoint's answer is not JSON"),
        ((200, {}, b"[" + b" " * 17 * 2**20 + b"]"), "the endpoint's answer has more than 16,777,216 bytes"),
    ],
)
def test_a_wrong_answer_is_the_error_of_its_case(
    server: HfServer, opened: Opened, cases: list[Case], said: Reply, error: str
) -> None:
    predictor = opened()
    server.script = lambda number, picture: said if is_red(picture) else False
    red, *others = errors(predictor.predict(cases))
    assert error in red if error else red == ""
    assert others == ["", ""]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (reply(403, {"error": "gated"}), "refuses the request (403: gated); no token was sent: name the environment"),
        (reply(404, {"error": "Model not found"}), "has no such model (404: Model not found); check the URL or"),
        (reply(307, {}, Location="https://evil.example/x"), "redirects to evil.example (307), and redirects are not"),
    ],
)
def test_what_concerns_every_picture_ends_the_run_at_once(
    server: HfServer, opened: Opened, cases: list[Case], said: Reply, message: str
) -> None:
    predictor = opened()
    server.script = lambda number, picture: said
    for attempt in (opened, lambda: predictor.predict(cases)):
        with pytest.raises(UserError) as error:
            attempt()
        (line,) = error.value.lines
        assert line.startswith(f"model 'endpoint:{server.url}/cars': the endpoint ")
        assert message in line


def test_a_token_is_sent_and_never_shown(server: HfServer, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    monkeypatch.setenv("HF_TOKEN", "hf_not_for_this_host")
    server.token = TOKEN
    predictor = opened(token_variable=VARIABLE)
    assert TOKEN not in repr(predictor.classifier.describe())
    monkeypatch.setenv(VARIABLE, TOKEN + "z")
    with pytest.raises(UserError) as error:
        opened(token_variable=VARIABLE)
    assert TOKEN not in str(error.value)
    assert "(401: Bearer … is not welcome); check the token in the environment variable CARS_TOKEN" in str(error.value)
    with pytest.raises(UserError, match="no token was sent"):
        opened()
    assert not any("hf_not_for_this_host" in sent for sent in server.authorizations)


def test_hosts_of_hugging_face_get_the_token_of_its_client(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    found = find_token("https://router.huggingface.co/hf-inference/models/a/b", "", "m")
    assert found.headers == {"authorization": f"Bearer {TOKEN}"}
    assert "`hf auth login`, or HF_TOKEN" in found.advice
    assert TOKEN not in repr(found)
    assert find_token("https://a.example/", "", "m").headers == {}
    with pytest.raises(UserError, match="would be sent unencrypted"):
        find_token("http://me.hf.space/", "", "m")


def test_a_model_of_the_hub_has_the_labels_of_its_config(
    opened: Opened, colour_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "INFERENCE_PROXY_TEMPLATE", opened.server.url + "/{provider}")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("HF_TOKEN", HUB_TOKEN)
    # Without a connection to the Hub, they are those of the answer.
    spec = f"endpoint:hf/{REPO}"
    assert tuple(load_classifier(spec, endpoint=opened.settings).labels) == tuple(sorted(LABELS))
    assert opened.server.paths[-1] == f"/hf-inference/models/{REPO}"
    opened.server.most = 2
    with pytest.raises(UserError, match="answers with 2 labels only"):
        load_classifier(spec, endpoint=opened.settings)
    with hub({"main": colour_model}) as url:
        template = url + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        assert tuple(load_classifier(spec, endpoint=opened.settings).labels) == LABELS


def test_a_token_is_not_sent_where_others_can_read_it(opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, TOKEN)
    settings = replace(opened.settings, token_variable=VARIABLE)
    with pytest.raises(UserError, match="CARS_TOKEN would be sent unencrypted; write https://"):
        load_classifier("endpoint:http://a.example/cars", endpoint=settings)
    monkeypatch.setenv(VARIABLE, "two words")
    with pytest.raises(UserError, match="has characters that no token has"):
        load_classifier(f"endpoint:{opened.server.url}/cars", endpoint=settings)


def test_a_hanging_server_does_not_hang_the_run(opened: Opened, server: HfServer, cases: list[Case]) -> None:
    predictor = opened(request_timeout=0.2)
    server.script = lambda number, picture: None if is_red(picture) else False
    red, *others = errors(predictor.predict(cases))
    assert "(it does not answer in time)" in red
    assert others == ["", ""]


def test_a_server_that_is_not_there_is_one_line_after_three_tries(opened: Opened) -> None:
    with pytest.raises(UserError) as error:
        load_classifier("endpoint:http://127.0.0.1:9/cars", endpoint=opened.settings)
    (line,) = error.value.lines
    assert "'endpoint:http://127.0.0.1:9/cars': the endpoint is unavailable" in line
    assert line.endswith("check the URL, and whether the endpoint runs")
    assert len(opened.clock.waits) == 2


def test_no_more_pictures_are_asked_for_at_once_than_allowed(
    opened: Opened, server: HfServer, cases: list[Case]
) -> None:
    predictor = opened(concurrency=2)
    together, lock, most = 0, threading.Lock(), []
    both = threading.Barrier(2)

    def script(number: int, picture: Image.Image) -> bool:
        nonlocal together
        with lock:
            together += 1
            most.append(together)
        if len(most) <= 2:
            # The second request comes while the first one waits.
            both.wait(timeout=30)
        with lock:
            together -= 1
        return False

    server.script = script
    assert errors(predictor.predict(cases)) == [""] * 3
    assert max(most) == 2


def test_only_a_stated_version_is_a_fingerprint(opened: Opened) -> None:
    assert opened().identity.fingerprint is None
    first, second = opened(version="@v1"), opened(version="@v2")
    assert first.identity.fingerprint
    assert first.identity.fingerprint != second.identity.fingerprint
    assert first.identity.fingerprint != opened(labels=LABELS[::-1], version="@v1").identity.fingerprint


def test_an_image_processor_is_refused_and_other_labels_than_those_of_the_server_too(
    opened: Opened, colour_model: Path
) -> None:
    with pytest.raises(UserError, match="the endpoint preprocesses the pictures itself; leave out --robust-processor"):
        load_classifier(f"endpoint:{opened.server.url}/cars", processor=colour_model, endpoint=opened.settings)
    with pytest.raises(UserError, match="which is not among its labels; check the labels and the URL"):
        opened(labels=("cat", "dog", "cow", "hen"))


def test_a_server_that_sends_a_byte_now_and_then_is_cut_off() -> None:
    def drip(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 200 OK\r\nx-slow: ")
            while not ended.wait(0.05):
                connection.sendall(b"x")

    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(listening.accept()[0],), daemon=True).start()

    ended = threading.Event()
    settings = EndpointSettings(timeout=60, request_timeout=0.3, clock=Clock())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(UserError, match="it does not answer in time"):
            load_classifier(f"endpoint:http://127.0.0.1:{listening.getsockname()[1]}/x", endpoint=settings)
        ended.set()


def test_an_answer_that_grows_when_it_is_unpacked_is_refused(
    opened: Opened, server: HfServer, cases: list[Case]
) -> None:
    predictor = opened()
    packed = {"gzip": gzip.compress(bytes(2**25)), "br": b"", "gzip, gzip": b""}
    for encoding, content in packed.items():
        server.script = partial(_said, (200, {"Content-Encoding": encoding}, content))
        (first, *_) = errors(predictor.predict(cases))
        assert ("more than 16,777,216 bytes" if content else "compressed otherwise than asked for") in first


def _said(answer: Reply, number: int, picture: Image.Image) -> Reply:
    return answer
