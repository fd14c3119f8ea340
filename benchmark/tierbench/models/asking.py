"""Ask a server for several pictures at once, in threads that keep no one from leaving."""

from __future__ import annotations

from collections.abc import Sequence
from queue import SimpleQueue
from threading import Event, Thread

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import error_text, one_line
from tierbench.models.classifier import AsksServer, Scores
from tierbench.models.intake import Taken

# The scores, or why there are none; an exception that concerns every picture.
Outcome = Scores | str | BaseException


def ask_server(server: AsksServer, batch: Sequence[Taken], *, cropped: bool) -> list[tuple[Taken, Scores | str]]:
    """Return the scores of each picture, or why it has none.

    Args:
        server: the classifier.
        batch: the pictures.
        cropped: whether they are cropped already.

    Raises:
        UserError: if the server has no answer for any picture. Others that are on their way are not waited for.
    """
    todo: SimpleQueue[Taken | None] = SimpleQueue()
    done: SimpleQueue[tuple[Taken, Outcome]] = SimpleQueue()
    stopped = Event()

    def work() -> None:
        while (taken := todo.get()) is not None and not stopped.is_set():
            done.put((taken, _ask(server, taken, cropped=cropped)))

    # Not an executor, whose threads are waited for when the process ends: Ctrl-C would do nothing while a server loads.
    threads = [Thread(target=work, name="ask", daemon=True) for _ in range(min(server.concurrency, len(batch)))]
    for taken in [*batch, *[None] * len(threads)]:
        todo.put(taken)
    for thread in threads:
        thread.start()
    found: dict[str, Scores | str] = {}
    try:
        for _ in batch:
            taken, outcome = done.get()
            if isinstance(outcome, BaseException):
                raise outcome
            found[taken.case.key] = outcome
    finally:
        stopped.set()
    return [(taken, found[taken.case.key]) for taken in batch]


def _ask(server: AsksServer, taken: Taken, *, cropped: bool) -> Outcome:
    try:
        return server.ask(taken.picture, taken.content, cropped=cropped)
    except PictureError as error:
        return one_line(str(error), 400)
    except UserError as error:
        return error
    except Exception as error:
        # The classifier may be other people's code and raise anything; only this picture is affected.
        return one_line(f"the model failed on the image: {error_text(error)}", 400)
    except BaseException as error:
        return error
