"""Ask a server that may be loading, busy, broken or hanging: waits, tries again, and gives up in bounded time."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from importlib.metadata import version
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import one_line
from tierbench.models.endpoint_line import Line
from tierbench.models.endpoint_settings import CONNECT_TIMEOUT, EndpointSettings
from tierbench.models.endpoint_token import Token

if TYPE_CHECKING:
    import httpx2

# 22,000 labels with their scores take about 1.5 MB.
_MAX_BYTES = 16 * 2**20
# Waiting helps with these; with others of 500 and above only where the failure was a chance one.
_UNAVAILABLE = (408, 425, 429, 502, 503, 504)
_OTHER_TRIES = 3
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 20.0
# So many pictures in a row without an answer, and the rest is not asked for.
_HOPELESS = 3
# A wait that the user hears of, in seconds.
_NOTICED = 2.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server sent.

    Attributes:
        status: the HTTP status; 0 if it did not answer.
        body: the content.
        headers: of the answer, names in lower case.
        problem: why there is no answer.
    """

    status: int
    body: bytes = b""
    headers: Mapping[str, str] | None = None
    problem: str = ""

    def header(self, name: str) -> str:
        """Return a header; empty if it is not there."""
        return (self.headers or {}).get(name, "")

    def json(self) -> Any:
        """Return the content as JSON; None if it is none."""
        with suppress(ValueError, RecursionError):
            return json.loads(self.body)
        return None


class UnavailableError(PictureError):
    """The server did not answer in time."""


class EndpointClient:
    """Sends requests to one server; used by several threads at once.

    Args:
        place: what messages call the model.
        token: what is sent with each request.
        settings: deadline and clock.
    """

    def __init__(self, place: str, token: Token, settings: EndpointSettings) -> None:
        self.place = place
        self._token = token
        self._settings = settings
        self._lock = Lock()
        self._unanswered, self._answered = 0, False
        self._noticed: set[str] = set()
        self._free: list[Line] = []

    def get(self, url: str) -> Any:
        """Return the JSON at a URL; raises like `post`."""
        return self._asked("GET", url, None, {})

    def post(self, url: str, body: bytes, media_type: str) -> Any:
        """Send content to a URL, and return the JSON of the answer.

        Raises:
            PictureError: if this request has no usable answer; others may have one.
            UserError: if no request can have one: the token is refused, there is no such model, or it moved.
        """
        return self._asked("POST", url, body, {"content-type": media_type})

    def _asked(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Any:
        answer = self._patiently(method, url, body, headers)
        if answer.status == 200:
            content = answer.json()
            if content is None:
                kind = answer.header("content-type").partition(";")[0] or "no type"
                raise PictureError(f"the endpoint's answer is not JSON ({one_line(kind, 40)}: {self._said(answer)})")
            return content
        if not answer.status:
            raise UnavailableError(answer.problem)
        self._check_for_all(answer, url)
        raise PictureError(f"the endpoint answers {answer.status}: {self._said(answer)}")

    def _check_for_all(self, answer: Answer, url: str) -> None:
        """Raise a `UserError` for an answer that every other request would get too."""
        if answer.status in (401, 403):
            raise UserError(
                f"{self.place}: the endpoint refuses the request ({answer.status}: {self._said(answer)}); "
                f"{self._token.advice}"
            )
        if answer.status in (404, 410):
            raise UserError(
                f"{self.place}: the endpoint has no such model ({answer.status}: {self._said(answer)}); "
                "check the URL or the model's name"
            )
        if 300 <= answer.status < 400:
            target = urlsplit(answer.header("location"))
            where = f"to {one_line(target.hostname, 100)}" if target.hostname else "elsewhere"
            if target.hostname == urlsplit(url).hostname:
                where = f"to {one_line(target.scheme, 10)}://{one_line(target.hostname or '', 100)}"
            raise UserError(
                f"{self.place}: the endpoint redirects {where} ({answer.status}), and redirects are not followed; "
                "name the URL that it moved to"
            )

    def _patiently(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request until there is an answer or no hope of one."""
        clock = self._settings.clock
        start, tries = clock.now(), 0
        end = start + self._settings.timeout
        with self._lock:
            # One that answered nothing for so long is not waited for again, until it answers.
            hurried = self._unanswered > 0
            if self._unanswered >= _HOPELESS:
                raise UnavailableError("not asked, because the endpoint did not answer several requests before")
        while True:
            tries += 1
            answer = self._once(method, url, body, headers, end)
            available = answer.status and answer.status not in _UNAVAILABLE
            if available and (answer.status < 500 or tries >= _OTHER_TRIES):
                with self._lock:
                    self._unanswered, self._answered = 0, True
                    self._noticed.clear()
                return answer
            wait = self._wait(answer, tries)
            # A server that never answered is rather a wrong URL than one that comes back.
            wrong = not answer.status and not self._answered and tries >= _OTHER_TRIES
            if wrong or (hurried and not available) or clock.now() + wait > end:
                break
            self._notice(answer, wait)
            clock.sleep(wait)
        with self._lock:
            self._unanswered += 1
        last = answer.problem or f"{answer.status}: {self._said(answer)}"
        asked = self._asked_to_wait(answer)
        last += "" if asked is None else f", and it asks to wait {asked:.0f} s"
        longer = "" if wrong or hurried else "; if it needs longer, raise --robust-endpoint-timeout"
        seconds = clock.now() - start
        return Answer(0, problem=f"the endpoint is unavailable, {seconds:.0f} s after the first try ({last}){longer}")

    def _once(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], end: float) -> Answer:
        """Send a request, and read its answer, within the time and size limits."""
        clock = self._settings.clock
        latest = min(end, clock.now() + self._settings.request_timeout)
        sent = {**headers, "accept": "application/json", "accept-encoding": "gzip", **self._token.headers}
        with self._line() as line:
            try:
                with (
                    line.until(latest - clock.now()) as extensions,
                    line.client.stream(method, url, content=body, headers=sent, extensions=extensions) as response,
                ):
                    answer = Answer(response.status_code, _content(response), dict(response.headers))
                return Answer(0, problem="it does not answer in time") if line.late else answer
            except self._library.TimeoutException:
                return Answer(0, problem="it does not answer in time")
            except (self._library.HTTPError, self._library.InvalidURL, ValueError, OSError) as error:
                # A wrong proxy or certificate ends here too; the library's messages name no header.
                late = "it does not answer in time" if line.late else ""
                return Answer(0, problem=late or self._clean(str(error) or type(error).__name__))

    @contextmanager
    def _line(self) -> Iterator[Line]:
        """Lend a line that no other request uses meanwhile; there are as many as there are requests at once."""
        with self._lock:
            line = self._free.pop() if self._free else None
        line = line or Line(self._new_client())
        try:
            yield line
        finally:
            with self._lock:
                self._free.append(line)

    def _wait(self, answer: Answer, tries: int) -> float:
        """Return the seconds until the next try: as the server asks, or else longer with each try, and by chance."""
        if (asked := self._asked_to_wait(answer)) is not None:
            return asked
        longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** min(tries - 1, 10))
        # Not for secrets: so that several clients do not come back at the same moment.
        return longest * random.uniform(0.5, 1)  # noqa: S311

    def _asked_to_wait(self, answer: Answer) -> float | None:
        after = answer.header("retry-after")
        if after:
            with suppress(ValueError):
                return max(0.0, float(after))
            with suppress(ValueError, TypeError, OverflowError):
                return max(0.0, parsedate_to_datetime(after).timestamp() - self._settings.clock.wall())
        content = answer.json() if answer.status == 503 else None
        estimate = content.get("estimated_time") if isinstance(content, dict) else None
        if isinstance(estimate, int | float) and 0 <= estimate < 1e6:
            # An estimate; it is looked again before it is over.
            return min(float(estimate), _LONGEST_WAIT)
        return None

    def _notice(self, answer: Answer, wait: float) -> None:
        """Say once why the user waits."""
        if wait < _NOTICED and answer.status != 503:
            return
        why = {429: "asks for fewer requests", 503: "is loading its model"}.get(answer.status, "is unavailable")
        with self._lock:
            if why in self._noticed:
                return
            self._noticed.add(why)
        content = answer.json()
        estimate = content.get("estimated_time") if isinstance(content, dict) else None
        seconds = estimate if isinstance(estimate, int | float) and 0 <= estimate < 1e6 else wait
        self._settings.notice(f"{self.place}: the endpoint {why}; waiting, at least {max(1, round(seconds))} s")

    def _said(self, answer: Answer) -> str:
        """Return the server's own message, short and as one line that nothing obeys."""
        content = answer.json()
        if isinstance(content, dict):
            content = content.get("error") or content.get("message") or content.get("detail") or content
        text = content if isinstance(content, str) else answer.body[:1000].decode(errors="replace")
        return self._clean(text) or "no message"

    def _clean(self, text: str) -> str:
        return one_line(" ".join(self._token.removed_from(text).split()), 160)

    @cached_property
    def _library(self) -> Any:
        """The HTTP library of huggingface_hub: httpx2, or httpx with its older versions."""
        try:
            import httpx2
        except ImportError:
            import httpx  # type: ignore[import-not-found, unused-ignore]  # it comes with an older huggingface_hub

            return httpx
        return httpx2

    def _new_client(self) -> httpx2.Client:
        connect = min(CONNECT_TIMEOUT, self._settings.request_timeout)
        client: httpx2.Client = self._library.Client(
            timeout=self._library.Timeout(self._settings.request_timeout, connect=connect),
            limits=self._library.Limits(max_connections=1),
            # A token must not go to another host.
            follow_redirects=False,
            headers={"user-agent": f"tierbench/{version('tierbench')}"},
        )
        return client


def _content(response: httpx2.Response) -> bytes:
    """Return the content of an answer.

    Raises:
        PictureError: if it is too large, or compressed in a way that a small answer could become a very large one.
    """
    if response.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity", "gzip", "deflate"):
        raise PictureError("the endpoint's answer is compressed otherwise than asked for")
    chunks, size = [], 0
    for chunk in response.iter_bytes():
        chunks.append(chunk)
        size += len(chunk)
        if size > _MAX_BYTES:
            raise PictureError(f"the endpoint's answer has more than {_MAX_BYTES:,} bytes")
    return b"".join(chunks)
