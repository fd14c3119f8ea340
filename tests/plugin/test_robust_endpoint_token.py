"""`--robust-endpoint-token [NAME=]VARIABLE`: sent to the endpoint, and written nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.models.hf_server import HfServer, hf_server

TOKEN = "tk-" + "y" * 20


@pytest.fixture(scope="module")
def served(colour_model: Path) -> Iterator[HfServer]:
    with hf_server(colour_model) as server:
        server.token = TOKEN
        yield server


def everything(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_token_is_sent_and_stands_in_no_file_and_no_line(
    study: Bench, served: HfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARS_TOKEN", TOKEN)
    for option in ("CARS_TOKEN", "cars=CARS_TOKEN"):
        answer = study.run(
            "--robust-model", f"cars=endpoint:{served.url}/cars@v1", "--robust-endpoint-token", option, "-k", "tier1"
        )
        assert answer.code == 0
        assert TOKEN not in answer.text
    assert served.authorizations[-1] == f"Bearer {TOKEN}"
    assert TOKEN.encode() not in everything(study.path)


def test_a_refused_token_is_one_line_with_its_source(
    study: Bench, served: HfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARS_TOKEN", "wrong-token")
    model = ("--robust-model", f"cars=endpoint:{served.url}/cars")
    answer = study.run(*model, "--robust-endpoint-token", "CARS_TOKEN")
    assert answer.code == 4
    (line,) = answer.errors
    assert line.endswith("(401: Bearer … is not welcome); check the token in the environment variable CARS_TOKEN")
    assert "no token was sent" in study.run(*model).errors[0]


@pytest.mark.parametrize(
    ("models", "value", "problem"),
    [
        (["endpoint"], TOKEN, "must name an environment variable that holds the token; what is given is not set"),
        (["endpoint"], "", "must name an environment variable"),
        (["endpoint"], "lorries=CARS_TOKEN", "no endpoint is named 'lorries'; known: cars"),
        ([], "CARS_TOKEN", "is given without an endpoint; name one with --robust-model endpoint:…"),
    ],
)
def test_a_wrong_value_is_one_line_that_does_not_show_it(
    study: Bench, served: HfServer, monkeypatch: pytest.MonkeyPatch, models: list[str], value: str, problem: str
) -> None:
    monkeypatch.setenv("CARS_TOKEN", TOKEN)
    named = [f"--robust-model=cars=endpoint:{served.url}/cars"] if models else []
    answer = study.run(*named, f"--robust-endpoint-token={value}")
    assert answer.code == 4
    assert answer.errors[0].startswith("--robust-endpoint-token")
    assert problem in answer.errors[0]
    assert TOKEN not in answer.text
