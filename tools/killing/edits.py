"""Kill the commands that change suites and reports: `add`, `fetch` and `prune`."""

from __future__ import annotations

import hashlib
import os
import shutil
import ssl
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from random import Random

import trustme
from small_repository import noise_picture

from killing.process import Place
from killing.target import demand, leftovers
from tierbench.common.errors import UserError
from tierbench.runs.record import read_run
from tierbench.suites.case import Case
from tierbench.suites.problems import Problems
from tierbench.suites.reader import read_suite

_PICTURES = 12
# So many that removing them takes a while.
_RUNS, _KEPT = 60, 3


class Adds:
    """`tierbench add` of several pictures."""

    name = "add"
    longest_s = 0.15

    def __init__(self, pictures: Path) -> None:
        pictures.mkdir()
        self._new = [pictures / f"new{number}.png" for number in range(_PICTURES)]
        for number, file in enumerate(self._new):
            noise_picture(file, 1_000 + number)
        self.arguments = self._command(self._new)
        self._suite, self._before = Path(), b""

    @staticmethod
    def _command(pictures: list[Path]) -> tuple[str, ...]:
        fixed = ("--suite", "added", "--label", "ship", "--tier", "1", "--new-suite", "--force")
        return ("tierbench", "add", *map(str, pictures), *fixed)

    def prepare(self, place: Place, chance: Random) -> None:
        """Begin with a suite that has a case, or with none."""
        self._suite = place.top / "cases" / "added"
        shutil.rmtree(self._suite, ignore_errors=True)
        if chance.random() < 0.7:
            self._suite.mkdir()
            noise_picture(self._suite / "old.png", 999)
            (self._suite / "metadata.csv").write_text("file_name,label,tier\nold.png,ship,1\n", encoding="utf-8")
        self._before = self._state()

    def begun(self) -> bool:
        """Return whether anything in the suite has changed."""
        return self._state() != self._before

    def check(self, *, killed: bool) -> str:
        """Check that the suite is whole: every row has its picture, and no row is lost."""
        cases = self._cases()
        demand(not self._before or any(case.id == "old" for case in cases), "the old case is lost")
        return (
            f"with {'no' if not self._added() else 'some' if len(self._added()) < _PICTURES else 'all'} pictures added"
        )

    def again(self, place: Place) -> None:
        """Add the pictures that are missing: all are there once, and nothing else."""
        added = self._added()
        if rest := [file for file in self._new if hashlib.sha256(file.read_bytes()).hexdigest() not in added]:
            place.whole(self._command(rest))
        demand(len(self._added()) == _PICTURES, f"{len(self._added())} of {_PICTURES} pictures are in the suite")
        wanted = {"metadata.csv", *(case.file_name for case in self._cases())}
        there = {path.name for path in self._suite.iterdir()}
        demand(there == wanted, f"files that belong to no case: {sorted(there - wanted)}")
        shutil.rmtree(self._suite)

    def _state(self) -> bytes:
        file = self._suite / "metadata.csv"
        names = sorted(path.name for path in self._suite.iterdir()) if self._suite.is_dir() else []
        return " ".join(names).encode() + (file.read_bytes() if file.is_file() else b"")

    def _cases(self) -> tuple[Case, ...]:
        if not (self._suite / "metadata.csv").is_file():
            return ()
        return _readable(self._suite)

    def _added(self) -> set[str]:
        return {case.sha256 for case in self._cases() if case.id != "old"}


class Fetches:
    """`tierbench fetch` of several pictures, from a server of this process."""

    name = "fetch"
    longest_s = 0.15

    def __init__(self, served: Path) -> None:
        served.mkdir()
        address = _serve(served)
        rows = ["file_name,label,tier,url,sha256"]
        for number in range(_PICTURES):
            noise_picture(served / f"{number}.png", 2_000 + number)
            digest = hashlib.sha256((served / f"{number}.png").read_bytes()).hexdigest()
            rows.append(f"new/{number}.png,ship,1,{address}/{number}.png,{digest}")
        self._rows = "\n".join([*rows, ""])
        self.arguments: tuple[str, ...] = ("tierbench", "fetch", "fetched", "--allow-host", "localhost")
        self._suite = Path()

    def prepare(self, place: Place, chance: Random) -> None:
        """Begin with a suite of which nothing has been fetched."""
        self._suite = place.top / "cases" / "fetched"
        shutil.rmtree(self._suite, ignore_errors=True)
        self._suite.mkdir()
        (self._suite / "metadata.csv").write_text(self._rows, encoding="utf-8")

    def begun(self) -> bool:
        """Return whether there is a file that was not there before."""
        return (self._suite / "new").is_dir()

    def check(self, *, killed: bool) -> str:
        """Check that each picture that is there is the right one."""
        # The row of a picture with another hash is a problem.
        cases = _readable(self._suite)
        there = sum(case.path.is_file() for case in cases)
        demand((self._suite / "metadata.csv").read_text(encoding="utf-8") == self._rows, "metadata.csv was changed")
        return f"with {'no' if not there else 'some' if there < _PICTURES else 'all'} pictures fetched"

    def again(self, place: Place) -> None:
        """Fetch the rest: all are there, and nothing else."""
        place.whole(self.arguments)
        there = {path.name for path in (self._suite / "new").iterdir()}
        wanted = {f"{number}.png" for number in range(_PICTURES)}
        demand(there == wanted, f"other files than the pictures: {sorted(there ^ wanted)}")
        shutil.rmtree(self._suite)


class Prunes:
    """`tierbench prune` of several runs."""

    name = "prune"
    longest_s = 0.03
    arguments: tuple[str, ...] = ("tierbench", "prune", "--keep", str(_KEPT))

    def __init__(self) -> None:
        self._reports = Path()
        self._names = [f"20260101T{number:06}Z-{number:06x}" for number in range(_RUNS)]

    def prepare(self, place: Place, chance: Random) -> None:
        """Begin with copies of one run under several names."""
        self._reports = place.top / "reports"
        for folder in self._reports.glob("*Z-*"):
            shutil.rmtree(folder)
        place.whole(("pytest", "-q"))
        (folder,) = self._reports.glob("*Z-*")
        for name in self._names:
            shutil.copytree(folder, self._reports / name)
        shutil.rmtree(folder)

    def begun(self) -> bool:
        """Return whether a file of the oldest run is gone."""
        oldest, kept = (self._reports / name for name in (self._names[0], self._names[-1]))
        return _files(oldest) < _files(kept)

    def check(self, *, killed: bool) -> str:
        """Check that the newest runs are untouched, and every run that is still there as one can be read."""
        for name in self._names[-_KEPT:]:
            try:
                read_run(self._reports / name)
            except UserError as error:
                raise AssertionError(f"a run to be kept cannot be read: {error}") from error
        left = sum((self._reports / name).exists() for name in self._names)
        return f"with {'all' if left == _RUNS else 'some' if left > _KEPT else 'no'} old runs left"

    def again(self, place: Place) -> None:
        """Prune the rest: only the newest runs are there, and no part of another one."""
        place.whole(self.arguments)
        place.whole(("tierbench", "history"))
        there = {path.name for path in self._reports.glob("*Z-*")}
        demand(there == set(self._names[-_KEPT:]), f"runs or parts of runs: {sorted(there)}")
        demand(not leftovers(self._reports), f"temporary files are left: {leftovers(self._reports)}")
        for name in there:
            shutil.rmtree(self._reports / name)


def _readable(suite: Path) -> tuple[Case, ...]:
    problems = Problems()
    cases = read_suite(suite, problems).images
    demand(not problems.lines, f"the suite has problems: {problems.lines}")
    return cases


def _serve(folder: Path) -> str:
    """Serve a folder over HTTPS; return the address."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    os.environ["REQUESTS_CA_BUNDLE"] = str(folder / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the name that the base class has)
            """Say nothing."""

    server = ThreadingHTTPServer(("localhost", 0), partial(Quiet, directory=str(folder)))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"https://localhost:{server.server_address[1]}"


def _files(folder: Path) -> int:
    """Return the number of files in a folder, which may be deleted at this moment."""
    try:
        return len(list(folder.iterdir()))
    except FileNotFoundError:
        return 0
