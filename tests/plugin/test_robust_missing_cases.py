"""--robust-missing-cases fail|report: what the baseline has and an unfiltered run lacks is named, and red."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ElementTree

import pytest

from tests.conftest import Bench, write_suite
from tests.garage import GARAGE
from tests.plugin.test_robust_gate import failed
from tests.report.conftest import report_of
from tierbench.runs.acceptance import accept_recorded

LACKED = "model: 1 case of the baseline was not run: garage/red_2; restore"
TIER_2 = "model: 1 case of the baseline was not run: garage/grey_1; restore"
FETCHED = "file_name,label,tier,url,sha256\nfar.png,automobile,1,https://example.org/far.png,{}\n"


def without(name: str) -> str:
    return "".join(line for line in GARAGE.splitlines(keepends=True) if not line.startswith(f"{name}."))


def test_a_removed_row_is_named_everywhere_and_red(accepted: Bench) -> None:
    accepted.suite("garage", without("red_2"))
    answer = accepted.run("--robust-markdown=summary.md", "--junitxml=junit.xml")
    assert answer.code == 1
    assert failed(answer.text) == ["test_baseline[cases]"]
    # In the failure and in the summary.
    assert answer.text.count(LACKED) == 2
    assert LACKED in (accepted.path / "summary.md").read_text(encoding="utf-8")
    assert LACKED in report_of(accepted).read_text(encoding="utf-8")
    junit = ElementTree.parse(accepted.path / "junit.xml")  # noqa: S314 (pytest's own)
    assert [str(each.get("message")).startswith(f"Failed: {LACKED}") for each in junit.iter("failure")] == [True]
    (missing,) = accepted.record().run.missing
    assert (missing.cases, missing.missing) == (9, ("garage/red_2",))


def test_a_removed_tier_and_a_removed_suite_are_red(accepted: Bench) -> None:
    accepted.suite("garage", without("grey_1"))
    answer = accepted.run()
    assert failed(answer.text) == ["test_baseline[cases]"]
    assert TIER_2 in answer.text
    accepted.suite("other", "file_name,label,tier\nred.png,automobile,1\n")
    shutil.rmtree(accepted.path / "cases" / "garage")
    answer = accepted.run()
    assert failed(answer.text) == ["test_baseline[cases]"]
    assert "model: 9 cases of the baseline were not run: garage/blue_1, garage/blue_2, " in answer.text


def test_a_case_that_the_model_lost_its_label_for_is_red(accepted: Bench) -> None:
    accepted.suite("garage", GARAGE.replace("red_2.png,automobile", "red_2.png,cat"))
    answer = accepted.run("--robust-missing-labels=skip")
    assert failed(answer.text) == ["test_baseline[cases]"]
    assert LACKED in answer.text


@pytest.mark.parametrize("gate", ["thresholds", "flips", "regression"])
def test_it_is_red_under_every_gate_and_among_workers(accepted: Bench, gate: str) -> None:
    accepted.suite("garage", without("red_2"))
    answer = accepted.run("--robust-gate", gate, *(("-n", "1") if gate == "flips" else ()))
    assert "test_baseline[cases]" in failed(answer.text)
    assert accepted.record().run.missing[0].missing == ("garage/red_2",)


def test_report_names_it_without_red(accepted: Bench) -> None:
    accepted.suite("garage", without("red_2"))
    for arguments, settings in ((["--robust-missing-cases=report"], {}), ([], {"robust_missing_cases": "report"})):
        accepted.configure(**settings)
        answer = accepted.run(*arguments)
        assert answer.code == 0
        assert LACKED in answer.text
        assert accepted.record().run.missing[0].missing == ("garage/red_2",)


@pytest.mark.parametrize(
    "narrow",
    [
        ("-k", "test_case or baseline"),
        ("-m", "tier1 or baseline"),
        ("--deselect", "cases/test_tiers.py::test_case[garage/red_1]"),
        ("cases/garage",),
        ("cases/test_tiers.py::test_baseline",),
        ("--robust-cases", "cases/garage"),
        ("--ignore", "cases/test_z.py"),
        ("--ignore-glob", "*_z.py"),
    ],
)
def test_nothing_is_missing_in_a_run_that_is_narrowed(accepted: Bench, narrow: tuple[str, ...]) -> None:
    accepted.suite("other", "file_name,label,tier\nred.png,automobile,1\n")
    accepted.file("cases/test_z.py", "def test_case(robust_case):\n    robust_case.check()\n")
    assert accepted.run("--robust-update-baseline").code == 0
    accepted.record()
    accepted.suite("garage", without("red_2"))
    answer = accepted.run(*narrow, "-rs")
    assert answer.code == 0, answer.text
    assert "missing cases are judged in an unfiltered run; " in answer.text
    assert "of the baseline was not run" not in answer.text
    (missing,) = accepted.record().run.missing
    assert (missing.missing, bool(missing.narrowed_by)) == ((), True)


def test_tests_that_another_plugin_deselects_are_not_missing(accepted: Bench) -> None:
    accepted.file(
        "cases/conftest.py",
        "def pytest_collection_modifyitems(config, items):\n"
        "    config.hook.pytest_deselected(items=[item for item in items if 'red' in item.name])\n"
        "    items[:] = [item for item in items if 'red' not in item.name]\n",
    )
    assert accepted.run().code == 0


def test_the_last_failed_test_alone_is_not_judged(accepted: Bench) -> None:
    accepted.suite("garage", without("red_2"))
    assert accepted.run().code == 1
    answer = accepted.run("--lf", "-rs")
    assert "--last-failed narrows this one" in answer.text


@pytest.mark.parametrize(
    "whole", [(), (".",), ("cases",), ("cases/test_tiers.py",), ("--robust-cases", "cases"), ("--ignore", "docs")]
)
def test_a_run_that_names_everything_is_unfiltered(accepted: Bench, whole: tuple[str, ...]) -> None:
    accepted.suite("garage", without("red_2"))
    assert failed(accepted.run(*whole).text) == ["test_baseline[cases]"]


def test_robust_cases_narrows_unless_it_covers_every_folder_that_the_settings_name(accepted: Bench) -> None:
    accepted.suite("garage", without("red_2"))
    write_suite(accepted.path / "more" / "other", "file_name,label,tier\nred.png,automobile,1\n")
    accepted.configure(robust_cases=["cases", "more"])
    both = accepted.run("--robust-cases=cases", "--robust-cases=more")
    assert failed(both.text) == ["test_baseline[cases]"]
    assert LACKED in both.text
    one = accepted.run("--robust-cases=cases", "-rs")
    assert one.code == 0
    assert "--robust-cases narrows this one" in one.text


def test_a_removal_is_accepted_with_the_baseline(accepted: Bench) -> None:
    accepted.suite("garage", without("red_2"))
    answer = accepted.run("--robust-update-baseline")
    assert answer.code == 0
    assert "1 case removed, which the run does not have: garage/red_2" in answer.text
    assert accepted.run().code == 0


def test_a_test_that_was_left_out_is_no_removal(accepted: Bench) -> None:
    accepted.file(
        "cases/conftest.py",
        "def pytest_collection_modifyitems(items):\n"
        "    items[:] = [item for item in items if 'test_case[garage/red' not in item.name]\n",
    )
    assert accepted.run("--robust-update-baseline").code == 0
    baseline = (accepted.path / "reports" / "baselines" / "model.csv").read_text(encoding="utf-8")
    assert "garage,red_2," in baseline


def test_a_removal_is_accepted_with_a_recorded_run(accepted: Bench) -> None:
    accepted.suite("garage", without("red_2"))
    assert accepted.run().code == 1
    (run,) = accepted.runs
    accept_recorded(run, accepted.path / "reports", force=False)
    assert accepted.run().code == 0


def test_a_suite_that_was_never_fetched_is_named_and_red_only_on_request(accepted: Bench) -> None:
    accepted.suite("far", FETCHED.format("0" * 64))
    baseline = accepted.path / "reports" / "baselines" / "model.csv"
    lines = baseline.read_text(encoding="utf-8").splitlines(keepends=True)
    row = next(line for line in lines if line.startswith("garage,red_1,"))
    place = next(number for number, line in enumerate(lines) if line.startswith("garage,"))
    lines.insert(place, row.replace("garage,red_1", "far,far"))
    baseline.write_text("".join(lines), encoding="utf-8")
    named = "model: suite of the baseline not fetched, and not run: far; fetch with `tierbench fetch`"
    answer = accepted.run()
    assert answer.code == 0, answer.text
    assert answer.line("not fetched, and not run") == named
    assert accepted.run("--robust-update-baseline").code == 0
    assert "far,far," in baseline.read_text(encoding="utf-8")
    answer = accepted.run("--robust-missing-cases=fail")
    assert failed(answer.text) == ["test_baseline[cases]"]


def test_a_corrupted_copy_is_no_case_of_its_own(garage: Bench) -> None:
    pytest.importorskip("cv2")
    sweep = ("--robust-corruptions=contrast", "--robust-severities=1")
    assert garage.run(*sweep, "--robust-update-baseline").code == 0
    assert garage.run().code == 0
    garage.suite("garage", without("red_2"))
    answer = garage.run("--robust-update-baseline")
    assert "1 case removed, which the run does not have: garage/red_2" in answer.text
    assert "red_2" not in (garage.path / "reports" / "baselines" / "model.csv").read_text(encoding="utf-8")
