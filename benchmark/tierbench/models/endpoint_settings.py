"""How endpoints are asked: deadline, concurrency, and the environment variable that holds a token."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tierbench.common.text import one_line, suggestion
from tierbench.models.endpoint_spec import SCHEME
from tierbench.models.spec import ModelSpec

DEFAULT_TIMEOUT, DEFAULT_CONCURRENCY = 300.0, 4
# Of a request: until the server has accepted the connection, and until it has answered, in seconds.
CONNECT_TIMEOUT, REQUEST_TIMEOUT = 10.0, 60.0


class Clock(Protocol):
    """The time, and waiting for it."""

    def now(self) -> float:
        """Return seconds since some moment."""

    def wall(self) -> float:
        """Return seconds since 1970."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> float:
        """Return seconds since some moment."""
        return time.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970."""
        return time.time()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)


def write_notice(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(f"{text}\n")


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """How an endpoint is asked.

    Attributes:
        timeout: seconds until an unavailable endpoint is given up: one that is loading, busy or not reached.
        concurrency: number of requests at once.
        token_variable: environment variable with the token; empty: that of huggingface_hub, for its hosts only.
        request_timeout: seconds that a single request may take.
        notice: shows a line to the user while the endpoint lets them wait.
        clock: the time.
    """

    timeout: float = DEFAULT_TIMEOUT
    concurrency: int = DEFAULT_CONCURRENCY
    token_variable: str = ""
    request_timeout: float = REQUEST_TIMEOUT
    notice: Callable[[str], object] = write_notice
    clock: Clock = field(default_factory=SystemClock)


def endpoint_settings(
    models: Sequence[ModelSpec], timeout: float, concurrency: int, tokens: Sequence[str], problems: list[str]
) -> Mapping[str, EndpointSettings]:
    """Return how each model that is an endpoint is asked.

    Args:
        models: the models of the run.
        timeout: value of `--robust-endpoint-timeout`.
        concurrency: value of `--robust-endpoint-concurrency`.
        tokens: values of `--robust-endpoint-token`, `[NAME=]VARIABLE`; without NAME, it is for every endpoint.
        problems: receives one line per problem.
    """
    # Not a number, too: a comparison with it is False.
    if not 0 < timeout <= 24 * 3600:
        problems.append(f"--robust-endpoint-timeout {timeout:g} must be above 0 and at most 86400 seconds")
        timeout = DEFAULT_TIMEOUT
    if not 1 <= concurrency <= 64:
        problems.append(f"--robust-endpoint-concurrency {concurrency} must be 1 to 64")
        concurrency = DEFAULT_CONCURRENCY
    names = [model.name for model in models if model.spec.startswith(SCHEME)]
    variables = _token_variables(tokens, names, problems)
    return {name: EndpointSettings(timeout, concurrency, variables.get(name, "")) for name in names}


def _token_variables(tokens: Sequence[str], names: Sequence[str], problems: list[str]) -> dict[str, str]:
    option = "--robust-endpoint-token"
    variables: dict[str, str] = {}
    for text in tokens:
        name, equals, variable = text.rpartition("=")
        if not names:
            problems.append(f"{option} is given without an endpoint; name one with --robust-model endpoint:…")
        elif equals and name not in names:
            problems.append(f"{option}: no endpoint is named {one_line(name)!r}; {suggestion(name, names)}")
        elif not os.environ.get(variable.strip()):
            # The value is not shown: it may be the token itself.
            problems.append(
                f"{option} must name an environment variable that holds the token; what is given is not set"
            )
        else:
            variables |= dict.fromkeys([name] if equals else names, variable.strip())
    return variables
