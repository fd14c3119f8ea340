"""Beside the plugins that many repositories have: xdist, rerunfailures, randomly, timeout, cov, benchmark, junitxml."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from tests.conftest import Bench

OUTCOMES = {"study/red_space": "passed", "study/black_night": "failed", "study/grey_fog": "failed"}


def junit_cases(file: Path) -> list[ElementTree.Element]:
    return list(ElementTree.parse(file).iter("testcase"))  # noqa: S314 (what pytest has just written)


@pytest.fixture(autouse=True)
def coverage_of_its_own(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `--cov` not erase the data of these tests where they are measured themselves."""
    monkeypatch.setenv("COVERAGE_FILE", str(study.path / ".coverage"))


def recorded(bench: Bench) -> dict[str, str]:
    scores = bench.record().scores
    return dict(zip(scores["suite"] + "/" + scores["case"], scores["outcome"], strict=True))


@pytest.mark.slow
def test_all_of_them_together(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    # Predictions are kept, so that neither process needs torch.
    study.run()
    study.record()
    monkeypatch.delenv("PYTEST_ADDOPTS")
    study.file(
        "cases/test_own.py",
        "def test_speed(benchmark):\n    assert benchmark(lambda: 1) == 1\n\n\n"
        "def test_scores(scores):\n    assert len(scores) == 3\n",
    )
    answer = study.run_process(
        *("-n", "2", "--reruns", "1", "-p", "randomly", "--randomly-seed=7", "--timeout=60"),
        *("--cov=cases", "--junitxml=junit.xml"),
    )
    assert answer.code == 1
    # Four misses, tried twice each; the tests of the user's own pass.
    assert "4 failed, 4 passed, 4 rerun" in answer.text
    assert answer.line("model: level") == "model: level 1 of 3"
    assert "TOTAL" in answer.text
    assert recorded(study) == OUTCOMES
    assert len({case.get("name") for case in junit_cases(study.path / "junit.xml")}) == 8


def test_a_rerun_that_passes_is_a_pass_in_record_and_report(study: Bench) -> None:
    # A test that fails at its first try only, whatever the image.
    study.file(
        "cases/test_tiers.py",
        "tries = []\n\n\ndef test_case(robust_case, request):\n    tries.append(request.node.name)\n"
        "    assert tries.count(request.node.name) > 1\n    robust_case.check()\n",
    )
    answer = study.run("--reruns", "1", "-k", "red")
    assert answer.code == 0
    assert "1 passed, 5 deselected, 1 rerun" in answer.text
    assert recorded(study) == {"study/red_space": "passed"}


def test_in_any_order_the_record_is_the_same(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS")
    for seed in ("1", "2"):
        assert study.run("-p", "randomly", f"--randomly-seed={seed}").code == 1
        assert recorded(study) == OUTCOMES


def test_without_pytest_html_the_record_is_there(study: Bench) -> None:
    answer = study.run("-p", "no:html")
    assert answer.code == 1
    assert answer.line("report: ").endswith("/scores.csv")
    (folder,) = study.runs
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "scores.csv"]
    assert recorded(study) == OUTCOMES


def test_an_explicit_html_is_respected(study: Bench) -> None:
    answer = study.run("--html=mine/page.html", "--self-contained-html", "-m", "tier1")
    assert answer.code == 0
    assert "report: mine/page.html" in answer.text.splitlines()
    assert "study/red_space" in (study.path / "mine" / "page.html").read_text(encoding="utf-8")
    (folder,) = study.runs
    assert not (folder / "report.html").exists()


def test_a_try_that_is_repeated_leaves_no_row(study: Bench) -> None:
    study.run("--reruns", "2", "-k", "test_case and night")
    (folder,) = study.runs
    rows = (folder / "scores.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert [row.split(",")[1] for row in rows] == ["black_night"]
    assert ",rerun," not in rows[0]


def test_junit_xml_holds_plain_properties_of_each_image_once(study: Bench) -> None:
    study.run("--junitxml=junit.xml", "-o", "junit_family=xunit1", "--reruns", "1", "-k", "test_case and night")
    # pytest-rerunfailures writes both tries.
    case = junit_cases(study.path / "junit.xml")[-1]
    names = [entry.get("name") for entry in case.iter("property")]
    assert len(names) == len(set(names))
    properties = {entry.get("name"): entry.get("value") for entry in case.iter("property")}
    assert properties["expected"] == "automobile"
    assert properties["passed"] == "False"


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures", "--cov=cases --collect-only"])
def test_looking_makes_no_record(study: Bench, option: str) -> None:
    assert study.run(*option.split()).code == 0
    assert study.runs == []
