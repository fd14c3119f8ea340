"""What goes wrong around a run: it is stopped, killed, has no room, loses a worker; what was done stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conftest import Bench
from tests.report.conftest import cases_of, report_of
from tierbench.runs.record import read_run

ROWS = "\n".join(["file_name,label,tier", *(f"red_{number}.png,automobile,1" for number in range(6)), ""])
# A model that does its worst at the picture that was told; the others are ships.
MODEL = """
import os
import signal
import numpy as np

class Ship:
    labels = ("airplane", "automobile")
    fingerprint = "ship-1"

    def describe(self):
        return {"architecture": "Ship"}

    def predict(self, images):
        MISHAP
        return np.tile(np.array([0.1, 0.9], dtype=np.float32), (len(images), 1))
"""


def with_mishap(bench: Bench, mishap: str) -> None:
    bench.file("ships.py", MODEL.replace("MISHAP", mishap))
    bench.configure(robust_model=["python:ships:Ship"])


def with_test(bench: Bench, text: str) -> None:
    """Put something before each test of a case."""
    tests = f"import os, signal\n\n\ndef test_case(robust_case, request):\n    {text}\n    robust_case.check()\n"
    bench.file("cases/test_tiers.py", tests)


@pytest.fixture
def reds(bench: Bench) -> Bench:
    """Six pictures that pass, and a model that needs no torch."""
    bench.suite("reds", ROWS)
    with_mishap(bench, "pass")
    return bench


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Let a process that the test starts heed SIGINT, also where this one ignores it, as under `make test &`."""
    # What has a handler in this process has the default action in a new one; what is ignored here is ignored there.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_makes_the_report_of_what_there_is(reds: Bench) -> None:
    with_test(reds, "if 'red_3' in request.node.name: os.kill(os.getpid(), signal.SIGINT)")
    answer = reds.run_process()
    assert answer.code == 2
    assert "KeyboardInterrupt" in answer.text
    assert answer.line("reds   1     3/3").split()[2:5] == ["3/3", "(of", "6)"]
    (folder,) = reds.runs
    assert "reds/red_2" in (folder / "report.html").read_text(encoding="utf-8")
    record = reds.record()
    assert record.run.complete is False
    assert record.run.models[0].level is None
    assert list(record.scores["case"]) == ["red_0", "red_1", "red_2"]


@pytest.mark.parametrize(("stop", "count"), [("-x", 1), ("--maxfail=2", 2)])
def test_a_run_that_stops_early_says_that_it_is_not_complete(reds: Bench, stop: str, count: int) -> None:
    reds.suite("reds", ROWS.replace("automobile", "airplane"))
    assert reds.run(stop).code == 1
    record = reds.record()
    assert record.run.complete is False
    assert list(record.scores["outcome"]) == ["failed"] * count


# As a plugin with a time budget does: tests are left out when the run is under way, and pytest ends with "all is well".
DROPPING = """

def pytest_runtest_protocol(item):
    return True if "red_3" in item.name else None
"""


@pytest.mark.parametrize(
    "workers", [(), pytest.param(("-n", "1"), marks=pytest.mark.slow)], ids=["one process", "a worker"]
)
def test_a_run_that_left_out_a_selected_test_is_not_complete(reds: Bench, workers: tuple[str, ...]) -> None:
    conftest = reds.path / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8") + DROPPING, encoding="utf-8")
    run = reds.run_process if workers else reds.run
    answer = run("--robust-update-baseline", *workers)
    assert answer.code == 1, answer.text
    assert "the baseline stays as it is: the run stopped early" in answer.text
    assert not (reds.path / "reports" / "baselines").exists()
    record = reds.record()
    assert record.run.complete is False
    assert record.scores["case"].tolist() == ["red_0", "red_1", "red_2", "red_4", "red_5"]


@pytest.mark.slow
def test_a_worker_that_dies_costs_its_own_test_only(reds: Bench) -> None:
    with_test(reds, "if 'red_3' in request.node.name: os.kill(os.getpid(), signal.SIGKILL)")
    # The tier's own test would judge the prediction that was made before the worker died.
    answer = reds.run_process("-n", "2", "-k", "test_case")
    assert answer.code == 1
    assert "crashed while running 'cases/test_tiers.py::test_case[reds/red_3]'" in answer.text
    (case,) = (case for case in cases_of(report_of(reds)) if case["case"] == "red_3")
    assert case["outcome"] == "error"
    assert case["reason"] == "the worker process died while it was tested"
    record = reds.record()
    outcomes = dict(zip(record.scores["case"], record.scores["outcome"], strict=True))
    assert outcomes.pop("red_3") == "error"
    assert outcomes == dict.fromkeys(("red_0", "red_1", "red_2", "red_4", "red_5"), "passed")
    lost = record.scores.set_index("case").loc["red_3"]
    assert lost["reason"] == "the worker process died while it was tested"
    (tier,) = record.run.tiers
    assert (tier.passed, tier.total, tier.errors, tier.met) == (5, 6, 1, None)
    assert "warning: a worker died while it ran cases/test_tiers.py::test_case[reds/red_3]" in answer.text
    # A case without a verdict is no whole run, though pytest went on to the end.
    assert record.run.complete is False


@pytest.mark.slow
def test_a_test_that_is_run_again_after_its_worker_died_has_its_second_result(reds: Bench) -> None:
    once = "os.path.exists('died') or (open('died', 'w').close(), os.kill(os.getpid(), signal.SIGKILL))"
    with_test(reds, f"if 'red_3' in request.node.name: {once}")
    answer = reds.run_process("-n", "2", "--reruns", "1", "-p", "rerunfailures")
    record = reds.record()
    assert answer.code == 0, answer.text
    assert set(record.scores["outcome"]) == {"passed"}
    assert len(record.scores) == 6
    assert record.run.complete is True


def test_a_full_disk_loses_the_record_and_not_the_run(reds: Bench) -> None:
    # A limit on the size of files stands for the full disk: every write beyond it fails.
    limit = "import resource, signal\nsignal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (600, resource.RLIM_INFINITY))\n"
    conftest = reds.path / "conftest.py"
    before = conftest.read_text(encoding="utf-8")
    conftest.write_text(before + limit, encoding="utf-8")
    # Its output goes through a pipe: a file would be full, too. Without -B, Python itself keeps what fits of a module's
    # bytecode, and stumbles over it in the next run.
    command = [sys.executable, "-B", "-m", "pytest", "--robust-no-cache"]
    answer = subprocess.run(command, cwd=reds.path, capture_output=True, text=True, timeout=100, check=False)
    lines = answer.stdout.splitlines()
    assert "Traceback" not in answer.stdout + answer.stderr
    assert answer.returncode == 0
    assert "7 passed" in lines[-1]
    assert "Ship: level 1 of 1" in lines
    assert [line for line in lines if line.startswith("warning: ")] == [
        "warning: run.json is not written: File too large",
        "warning: scores.csv is not whole: File too large",
        "warning: a report is not written: File too large",
    ]
    (folder,) = reds.runs
    assert not list(folder.glob(".*"))
    # With room again the next run is unharmed.
    conftest.write_text(before, encoding="utf-8")
    assert reds.run().code == 0
    assert read_run(reds.runs[-1]).run.complete is True


def test_a_reports_folder_that_cannot_be_written_is_one_line(reds: Bench) -> None:
    reds.file("taken", "a file")
    answer = reds.run("--robust-reports", "taken")
    assert answer.code == 4
    assert answer.errors == ["--robust-reports taken: cannot be written (Not a directory); name a folder that can"]
    if os.geteuid():
        (reds.path / "shut").mkdir(mode=0o555)
        answer = reds.run("--robust-reports", "shut")
        assert answer.errors == ["--robust-reports shut: cannot be written (Permission denied); name a folder that can"]


@pytest.mark.slow
def test_two_runs_at_once_do_not_touch_each_other(reds: Bench) -> None:
    with_mishap(reds, "open('hello-' + str(os.getpid()), 'w').close()")
    command = [sys.executable, "-m", "pytest", "-q", "--robust-update-baseline"]
    both = [
        subprocess.Popen(command, cwd=reds.path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(2)
    ]
    texts = [process.communicate(timeout=100)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    folders = [folder for folder in reds.runs if folder.name != "baselines"]
    assert len(folders) == 2
    for folder in folders:
        record = read_run(folder)
        assert record.run.complete is True
        assert len(record.scores) == 6
    baseline = (reds.path / "reports" / "baselines" / "Ship.csv").read_text(encoding="utf-8")
    assert baseline.count("reds,red_") == 6
    assert not list((reds.path / "reports" / "baselines").glob(".*"))


def test_a_report_folder_taken_away_meanwhile_ends_in_no_traceback(reds: Bench) -> None:
    with_test(reds, "if 'red_5' in request.node.name: import shutil; shutil.rmtree('reports')")
    answer = reds.run()
    assert answer.code == 0
    assert any(line.startswith("warning: ") and "is not written" in line for line in answer.text.splitlines())


def test_a_model_out_of_memory_errs_case_by_case(reds: Bench) -> None:
    with_mishap(reds, "if len(images) > 1: raise MemoryError")
    assert reds.run().code == 0
    reds.record()
    with_mishap(reds, "raise MemoryError('no room')")
    answer = reds.run("--robust-no-cache")
    assert answer.code == 1
    assert "not enough memory for a single image" in answer.text
    assert set(reds.record().scores["outcome"]) == {"error"}


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_an_impatient_ctrl_c_is_not_taken_for_the_end(reds: Bench) -> None:
    # The second interrupt comes while pytest tells its plugins of the first.
    reds.file("impatient.py", "def pytest_keyboard_interrupt(excinfo):\n    raise KeyboardInterrupt\n")
    with_test(reds, "if 'red_2' in request.node.name: os.kill(os.getpid(), signal.SIGINT)")
    result = reds.pytester.runpytest_subprocess("-p", "impatient", "--robust-update-baseline")
    assert result.ret != 0
    record = reds.record()
    assert len(record.scores) == 2
    assert record.run.complete is False
    assert not (reds.path / "reports" / "baselines").exists()


def test_a_run_without_a_test_leaves_no_record(reds: Bench) -> None:
    assert reds.run("-k", "(((").code == 4
    assert reds.runs == []
    reds.file("cases/test_broken.py", "import nothing_of_this_name\n")
    assert reds.run().code == 2
    assert reds.runs == []


@pytest.mark.parametrize("where", ["import", "factory"])
def test_a_module_that_exits_is_one_line(reds: Bench, where: str) -> None:
    leave = "raise SystemExit(2)"
    text = leave if where == "import" else f"def make():\n    {leave}\n"
    reds.file(f"leaving_{where}.py", text)
    answer = reds.run(f"--robust-model=python:leaving_{where}:make")
    assert answer.code == 4
    (line,) = answer.errors
    assert "SystemExit: 2" in line


def test_labels_of_any_length_make_a_record_that_reads(reds: Bench) -> None:
    long = MODEL.replace("MISHAP", "pass").replace('("airplane", "automobile")', '("é" * 100_000, "automobile")')
    reds.file("long_labels.py", long)
    assert reds.run("--robust-model=model=python:long_labels:Ship", "-k", "red_0").code == 0
    assert list(reds.record().scores["case"]) == ["red_0"]
