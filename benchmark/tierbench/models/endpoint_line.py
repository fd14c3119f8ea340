"""A connection to a server that can be cut off: one that sends a byte now and then would never be late otherwise."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import httpx2


class Line:
    """A client with a single connection, which one request at a time uses.

    Attributes:
        client: the client.
        late: whether the last request was cut off.
    """

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client
        self.late = False
        self._stream: Any = None

    @contextmanager
    def until(self, seconds: float) -> Iterator[Mapping[str, Any]]:
        """Cut the connection off if the body takes longer; yield the extensions that its request needs."""
        self.late = False
        timer = threading.Timer(max(0.0, seconds), self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield {"trace": self._note}
        finally:
            timer.cancel()

    def _note(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the stream of a connection that was made, and again of one that is encrypted since."""
        stream = info.get("return_value")
        if event.endswith(".complete") and hasattr(stream, "get_extra_info"):
            self._stream = stream

    def _cut(self) -> None:
        self.late = True
        connected = self._stream.get_extra_info("socket") if self._stream is not None else None
        if connected is not None:
            # Whoever reads from it wakes up; its descriptor stays that of this connection.
            with suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
