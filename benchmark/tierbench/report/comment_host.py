"""Keep one comment at a code host: find it by marker and author, edit or create it, and try again where that helps."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tierbench.common.text import one_line

if TYPE_CHECKING:
    import requests

# Seconds until a connection must stand, and until the next bytes must come.
_TIMEOUT = (10, 30)
# Seconds between the tries, where the host does not say how long to wait; and the longest wait.
_PAUSES, _LONGEST = (1.0, 3.0), 60.0
_PAGE, _MOST_PAGES = 100, 100


class LeftOutError(Exception):
    """The comment cannot be written; the message says why, and how to fix it."""


class BusyError(Exception):
    """The host may answer later.

    Args:
        reason: what it answered.
        seconds: how long to wait, as the host says; None: it does not say.
    """

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment at a pull request: its number, its text, and who wrote it."""

    id: int
    body: str
    author: str


class Host(Protocol):
    """What can be done with the comments of one pull request or merge request."""

    def comments(self) -> Iterator[Comment]:
        """Yield all comments, the oldest first."""

    def author(self) -> str:
        """Return whose comments the token writes."""

    def create(self, body: str) -> None:
        """Write a new comment."""

    def edit(self, comment: Comment, body: str) -> None:
        """Replace the text of a comment."""


def keep_comment(host: Host, marker: str, body: str) -> str:
    """Edit the comment that begins with the marker and has our author, or else create it.

    After a failure all is done again from the search on: a comment that was created although the answer was lost is
    found, and not written twice.

    Returns:
        `created` or `updated`.

    Raises:
        LeftOutError: if it cannot be written.
    """
    for pause in (*_PAUSES, None):
        try:
            return _keep(host, marker, body)
        except BusyError as busy:
            seconds = pause if busy.seconds is None else busy.seconds
            if pause is None or seconds is None or seconds > _LONGEST:
                later = f"; it asks to wait for {busy.seconds:.0f} s" if busy.seconds else ""
                raise LeftOutError(f"{busy}{later}; run the job again later") from busy
        time.sleep(seconds)
    raise AssertionError("the last try returns or raises")


def _keep(host: Host, marker: str, body: str) -> str:
    for comment in host.comments():
        if comment.body.partition("\n")[0].rstrip() == marker and comment.author == host.author():
            host.edit(comment, body)
            return "updated"
    host.create(body)
    return "created"


class Client:
    """Sends requests to the API of a code host.

    Args:
        name: what messages call the host.
        base: URL of its API.
        headers: sent with each request; the one with the token, too.
    """

    def __init__(self, name: str, base: str, headers: dict[str, str]) -> None:
        import requests

        self.name = name
        self._base = base.rstrip("/")
        self._session = requests.Session()
        # Not headers of the session: requests would replace the authorization by what ~/.netrc has for the host.
        self._headers = headers

    def ask(self, method: str, path: str, content: Any = None, **query: int | str) -> Any:
        """Send a request and return the JSON of the answer.

        Raises:
            BusyError: if it is worth trying again.
            RefusedError: if the host refuses.
            LeftOutError: if the answer is none of the API.
        """
        import requests

        try:
            answer = self._session.request(
                method,
                f"{self._base}{path}",
                json=content,
                params=query,
                auth=self._sign,
                timeout=_TIMEOUT,
                # No API redirects these requests; a token must not follow to another host.
                allow_redirects=False,
            )
            found = answer.json() if answer.content else None
        except requests.exceptions.JSONDecodeError:
            found = None
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise LeftOutError(f"{one_line(self._base)} is no URL of an API") from None
        except requests.RequestException as error:
            raise BusyError(f"{self.name} cannot be reached ({type(error).__name__})") from error
        if answer.ok and answer.status_code < 300:
            return found
        raise self._problem(answer, found)

    def pages(self, path: str, **query: str) -> Iterator[Any]:
        """Yield the entries of a list, page by page."""
        for page in range(1, _MOST_PAGES + 1):
            entries = self.ask("GET", path, None, per_page=_PAGE, page=page, **query)
            if not isinstance(entries, list):
                raise LeftOutError(f"{self.name} did not answer with a list; is this the URL of its API?")
            yield from entries
            if len(entries) < _PAGE:
                return

    def _sign(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers.update(self._headers)
        return request

    def _problem(self, answer: requests.Response, found: Any) -> Exception:
        status = answer.status_code
        message = found.get("message") or found.get("error") if isinstance(found, dict) else None
        text = one_line(str(message or answer.reason or ""), 200)
        reason = f"{self.name} answered {status} {text}".rstrip()
        limited = status == 429 or (status == 403 and _is_rate_limit(answer, text))
        if limited or status >= 500:
            return BusyError(reason, _seconds(answer))
        return RefusedError(reason, status)


class RefusedError(LeftOutError):
    """The host refuses a request.

    Args:
        reason: what it answered.
        status: of HTTP.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.status = status


def _is_rate_limit(answer: requests.Response, text: str) -> bool:
    headers = answer.headers
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0" or "rate limit" in text.lower()


def _seconds(answer: requests.Response) -> float | None:
    """Return how long the host asks to wait; None if it does not say."""
    headers = answer.headers
    wait, reset = headers.get("retry-after", ""), headers.get("x-ratelimit-reset", "")
    if wait.isdecimal():
        return float(wait)
    # GitHub sends a reset with every answer; it counts only where nothing remains.
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - time.time())
    return None
