"""The lock between processes: who waits, for how long, and what is said then."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tierbench.common import file_lock as module
from tierbench.common.errors import UserError
from tierbench.common.file_lock import file_lock, lock_path

HOLD = """
import sys
from pathlib import Path
from tierbench.common.file_lock import file_lock

with file_lock(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    folder.chmod(0o1777)
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(module, "PATIENCE_S", 0.1)


def test_a_lock_that_cannot_be_had_names_its_holder(tmp_path: Path) -> None:
    file = tmp_path / "model.csv"
    command = [sys.executable, "-c", HOLD, str(file)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        named = f"model.csv: is locked by process {other.pid} of .+; wait until it has ended, then run again$"
        with pytest.raises(UserError, match=named), file_lock(file):
            pytest.fail("two hold one lock")
        other.communicate("")
    with file_lock(file):
        pass


def test_another_user_can_hold_a_lock_that_was_used_before(tmp_path: Path) -> None:
    file = tmp_path / "model.csv"
    mask = os.umask(0o077)
    try:
        with file_lock(file):
            pass
    finally:
        os.umask(mask)
    lock = lock_path(file)
    # No sticky bit: the kernel refuses the lock files of other users under one.
    assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o777
    assert stat.S_IMODE(lock.stat().st_mode) == 0o666


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be two users")
def test_two_users_hold_a_lock_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not in pytest's own folders, which are closed to other users.
    with tempfile.TemporaryDirectory(dir="/tmp") as shared:
        Path(shared).chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", shared)
        for user in (0, 65534, 0):
            os.seteuid(user)
            try:
                with file_lock(Path("model.csv")):
                    pass
            finally:
                os.seteuid(0)


def test_a_lock_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (Path(tempfile.gettempdir()) / "tierbench-locks").write_text("not a folder", encoding="utf-8")
    refused = pytest.raises(UserError, match=r"model.csv: its lock .*\.lock cannot be used: .*; remove the lock")
    with refused, file_lock(tmp_path / "model.csv"):
        pytest.fail("there is no lock")
