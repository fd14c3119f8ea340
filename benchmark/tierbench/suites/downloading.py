"""Download a file over HTTPS within limits: of size, of time, and of the hosts that a URL may lead to."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urljoin

from tierbench.common.text import one_line

if TYPE_CHECKING:
    import requests

Value = TypeVar("Value")

# Seconds until a connection must stand, and until the next bytes must come.
_CONNECT_S, _READ_S = 10, 30
_MOST_REDIRECTS = 10
_CHUNK = 1 << 16


class DownloadError(Exception):
    """A file cannot be downloaded; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a download may take.

    Attributes:
        megabytes: largest size of a file, in millions of bytes.
        seconds: longest time for a file, redirects included.
        hosts: names of hosts that may have private addresses.
    """

    megabytes: float = 100
    seconds: float = 300
    hosts: frozenset[str] = frozenset()


def download(url: str, write: Callable[[bytes], object], limits: Limits) -> None:
    """Download a file, and hand its bytes to a function.

    Every redirect is checked before it is followed: it must lead to https, and to no private, loopback or link-local
    address. TLS makes sure that a name does not lead elsewhere between the check and the connection.

    Raises:
        DownloadError: if it cannot be downloaded within the limits.
    """
    import requests

    try:
        _within(limits.seconds, lambda: _download(url, write, limits))
    except TimeoutError:
        raise DownloadError(
            f"it took longer than {limits.seconds:g} s; check the connection, or raise the limit with --timeout"
        ) from None
    except requests.RequestException as error:
        reason = f"{type(error).__name__}: {one_line(str(error), 120)}"
        raise DownloadError(
            f"{reason}; check the connection, or use --from with a folder that has the images"
        ) from error


def _within(seconds: float, work: Callable[[], Value]) -> Value:
    """Return the result of a function, or raise TimeoutError after some time.

    It runs in a thread of its own, which is left behind then: a server that sends a byte now and then would hold any
    timeout of a socket.
    """
    future: Future[Value] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future.result(timeout=seconds)


def _download(url: str, write: Callable[[bytes], object], limits: Limits) -> None:
    import requests

    most, size = int(limits.megabytes * 1e6), 0
    with requests.Session() as session:
        for chunk in _chunks(session, url, limits):
            size += len(chunk)
            if size > most:
                raise DownloadError(f"it is larger than {limits.megabytes:g} MB; raise the limit with --max-size")
            write(chunk)


def _chunks(session: requests.Session, url: str, limits: Limits) -> Iterator[bytes]:
    for _ in range(_MOST_REDIRECTS):
        _check_hop(url, limits.hosts)
        with _response(session, url) as response:
            target = session.get_redirect_target(response)
            if target is None:
                response.raise_for_status()
                yield from response.iter_content(_CHUNK)
                return
            url = urljoin(url, target)
    raise DownloadError(f"it redirects more than {_MOST_REDIRECTS} times; fix the url")


def _response(session: requests.Session, url: str) -> requests.Response:
    """Send one request, without what `Session.get` does on a redirect: it reads the whole answer into memory."""
    import requests

    request = session.prepare_request(requests.Request("GET", url, headers={"Accept-Encoding": "identity"}))
    settings = session.merge_environment_settings(request.url or url, {}, True, None, None)
    return session.get_adapter(url).send(
        request,
        stream=True,
        timeout=(_CONNECT_S, _READ_S),
        verify=True if settings["verify"] is None else settings["verify"],
        cert=settings["cert"],
        proxies=settings["proxies"],
    )


def _check_hop(url: str, allowed: frozenset[str]) -> None:
    """Refuse a URL that is not https, or whose host has an address that is not public."""
    import requests
    from urllib3.util import parse_url

    # As requests reads it for the connection.
    prepared = requests.Request("GET", url).prepare().url or ""
    parts = parse_url(prepared)
    if parts.scheme != "https" or not parts.host:
        raise DownloadError(f"it leads to {one_line(url, 120)}, which is not https; fix the url")
    host = parts.host.strip("[]").lower()
    if host in allowed:
        return
    try:
        found = socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM)
    except OSError as error:
        if requests.utils.get_environ_proxies(prepared):
            return  # the proxy may know it
        raise DownloadError(
            f"{one_line(host, 80)} is not known ({error.strerror}); fix the url, or try again"
        ) from error
    for address in (str(entry[4][0]) for entry in found):
        if not _is_public(address):
            # In brackets, as in a URL: a text must not begin with two colons, which a CI job may obey.
            name = f"[{host}]" if ":" in host else one_line(host, 80)
            raise DownloadError(
                f"it leads to {name}, which has the private address {address}; "
                f"fix the url, or allow it with --allow-host {name}"
            )


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip.is_global and not ip.is_multicast
