"""Ask a server for several pictures at once, in threads that keep no one from leaving."""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Event, Thread
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import error_text, one_line
from tierbench.models.classifier import AsksServer, Scores

if TYPE_CHECKING:
    from PIL import Image

# The scores, or why there are none; an exception that concerns every picture.
Outcome = Scores | str | BaseException


# A picture, and the bytes of its file; None: it was made in memory, or its file is not kept.
Question = tuple["Image.Image", bytes | None]


def ask_server(server: AsksServer, batch: Sequence[Question], *, cropped: bool) -> list[Scores | str]:
    """Return the scores of each picture, or why it has none, in their order.

    Args:
        server: the classifier.
        batch: the pictures, as `AsksServer.ask` takes them.
        cropped: whether they are cropped already.

    Raises:
        UserError: if the server has no answer for any picture. Others that are on their way are not waited for.
    """
    todo: SimpleQueue[int | None] = SimpleQueue()
    done: SimpleQueue[tuple[int, Outcome]] = SimpleQueue()
    stopped = Event()

    def work() -> None:
        while (number := todo.get()) is not None and not stopped.is_set():
            done.put((number, _ask(server, *batch[number], cropped=cropped)))

    # Not an executor, whose threads are waited for when the process ends: Ctrl-C would do nothing while a server loads.
    threads = [Thread(target=work, name="ask", daemon=True) for _ in range(min(server.concurrency, len(batch)))]
    for number in [*range(len(batch)), *[None] * len(threads)]:
        todo.put(number)
    for thread in threads:
        thread.start()
    found: dict[int, Scores | str] = {}
    try:
        for _ in batch:
            answered, outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            found[answered] = outcome
    finally:
        stopped.set()
    return [found[number] for number in range(len(batch))]


def _ask(server: AsksServer, picture: Image.Image, content: bytes | None, *, cropped: bool) -> Outcome:
    try:
        return server.ask(picture, content, cropped=cropped)
    except PictureError as error:
        return one_line(str(error), 400)
    except UserError as error:
        return error
    except Exception as error:
        # The classifier may be other people's code and raise anything; only this picture is affected.
        return one_line(f"the model failed on the image: {error_text(error)}", 400)
    except BaseException as error:
        return error
