"""`--robust-endpoint-timeout SECONDS` and `--robust-endpoint-concurrency N`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.models.hf_server import HfServer, hf_server, reply


@pytest.fixture(scope="module")
def busy(colour_model: Path) -> Iterator[HfServer]:
    """A server that asks to wait for a minute."""
    with hf_server(colour_model) as server:
        server.script = lambda number, picture: reply(429, {"error": "busy"}, Retry_After="60")
        yield server


def test_an_endpoint_that_is_busy_for_longer_is_given_up(study: Bench, busy: HfServer) -> None:
    answer = study.run("--robust-model", f"cars=endpoint:{busy.url}/cars", "--robust-endpoint-timeout", "5")
    assert answer.code == 4
    (line,) = answer.errors
    assert "(429: busy, and it asks to wait 60 s); if it needs longer, raise --robust-endpoint-timeout" in line


@pytest.mark.parametrize(
    ("option", "value", "problem"),
    [
        ("timeout", "0", "--robust-endpoint-timeout 0 must be above 0 and at most 86400 seconds"),
        ("timeout", "nan", "--robust-endpoint-timeout nan must be above 0"),
        ("concurrency", "0", "--robust-endpoint-concurrency 0 must be 1 to 64"),
        ("concurrency", "65", "--robust-endpoint-concurrency 65 must be 1 to 64"),
    ],
)
def test_a_value_out_of_range_is_one_line(study: Bench, option: str, value: str, problem: str) -> None:
    answer = study.run(f"--robust-endpoint-{option}", value)
    assert answer.code == 4
    assert answer.errors[0].startswith(problem)
