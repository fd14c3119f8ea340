"""The contents of report.html: in one process, with workers, with --html, without pytest-html."""

from __future__ import annotations

import hashlib
import html
import json
import re

import pytest

from tests.conftest import Bench
from tests.report.conftest import cases_of, entries_of, report_of
from tierbench.report.html import page_pictures

OWN_TESTS = """
import pytest


def test_own():
    pass


@pytest.fixture
def bad():
    raise ValueError


def test_error(bad):
    pass
"""


def pictures_in(text: str) -> list[str]:
    return re.findall(r'<script type="text/plain" data-picture="(\w+)"', text)


def test_the_report_shows_level_tiers_and_pictures(study: Bench) -> None:
    study.run()
    text = report_of(study).read_text(encoding="utf-8")
    assert "<title" in text
    assert "model: level 1 of 3</title>" in text
    assert len(set(pictures_in(text))) == 3
    assert "ConvNextForImageClassification" in text
    assert "Tier 2 falls short: 0 of 1 in study, 100 % required." in text
    assert [nodeid.partition("::")[2] for nodeid in entries_of(report_of(study))] == [
        f"test_tier[study/tier{tier}]" for tier in (1, 2, 3)
    ]
    cases = {case["nodeid"].partition("::")[2]: case for case in cases_of(report_of(study))}
    assert list(cases) == [f"test_case[study/{name}]" for name in ("red_space", "black_night", "grey_fog")]
    night = cases["test_case[study/black_night]"]
    assert (night["predicted"], night["score"], night["tags"]) == (
        "airplane",
        pytest.approx(0.233, abs=1e-3),
        ["night"],
    )


def test_every_row_has_a_cell_under_each_heading(study: Bench) -> None:
    study.file("cases/test_own.py", OWN_TESTS)
    study.run()
    report = report_of(study)
    headings = len(re.findall(r"<th[ >]", report.read_text(encoding="utf-8").partition('id="results-table-head"')[2]))
    for nodeid, entries in entries_of(report).items():
        for entry in entries:
            assert len(entry["resultsTableRow"]) == headings, nodeid
            # pytest-html cannot sort a column in which a cell has no key.
            assert {"result", "testId", "tier", "score", "rank", "margin", "duration"} <= set(entry), nodeid


@pytest.mark.slow
def test_workers_make_the_same_report(study: Bench) -> None:
    study.run()
    alone = report_of(study)
    rows = {case["nodeid"]: case for case in cases_of(alone)}
    pictures = sorted(pictures_in(alone.read_text(encoding="utf-8")))
    study.record()
    study.run_process("-n", "2")
    shared = report_of(study)
    assert {case["nodeid"]: case for case in cases_of(shared)} == rows
    text = shared.read_text(encoding="utf-8")
    assert sorted(pictures_in(text)) == pictures
    assert "model: level 1 of 3</title>" in text
    assert "ConvNextForImageClassification" in text


def test_names_and_values_of_the_environment_are_shown_as_text(study: Bench) -> None:
    attack = "<img src=x onerror=alert(1)>"
    build = {attack: {f"in {attack}": [attack, 1]}, "id": attack}
    study.run("-m", "tier1", "--metadata-from-json", json.dumps({"Build": build}))
    page = report_of(study).read_text(encoding="utf-8")
    blob = re.search(r'data-jsonblob="([^"]*)"', page)
    assert blob
    shown = "&lt;img src=x onerror=alert(1)&gt;"
    environment = json.loads(html.unescape(blob[1]))["environment"]
    assert environment["Build"] == {shown: {f"in {shown}": [shown, 1]}, "id": shown}
    assert attack not in page


def test_without_pytest_html_there_is_no_report(study: Bench) -> None:
    study.run("-p", "no:html")
    assert not report_of(study).exists()
    assert (report_of(study).parent / "scores.csv").exists()


@pytest.mark.parametrize("arguments", [("--html=x.html",), ("--html=x.html", "--self-contained-html")])
def test_a_report_at_another_path_is_enriched_too(study: Bench, arguments: tuple[str, ...]) -> None:
    study.run(*arguments)
    text = (study.path / "x.html").read_text(encoding="utf-8")
    assert len(set(pictures_in(text))) == 3
    assert not report_of(study).exists()


def test_a_run_of_other_tests_has_a_plain_report(study: Bench) -> None:
    study.file("unit/test_unit.py", "def test_unit():\n    pass\n")
    answer = study.run("unit", "--html=x.html")
    assert answer.code == 0
    text = (study.path / "x.html").read_text(encoding="utf-8")
    assert "test_unit" in text
    assert 'tb-page"' not in text


def test_a_broken_picture_gets_a_placeholder_and_the_others_stay(bench: Bench) -> None:
    folder = bench.suite("cars", "file_name,label,tier\nred_a.png,automobile,1\nbad.png,automobile,1\n")
    (folder / "bad.png").write_bytes(b"no image at all")
    answer = bench.run()
    assert answer.code == 1
    text = report_of(bench).read_text(encoding="utf-8")
    assert len(pictures_in(text)) == 1
    assert "Pillow can read" in text


def test_several_models_have_a_level_and_a_column_each(study: Bench) -> None:
    study.run("--robust-model", f"one={study.model}", "--robust-model", f"two={study.model}")
    text = report_of(study).read_text(encoding="utf-8")
    assert "one: level 1 of 3 · two: level 1 of 3" in text
    assert 'data-column-type="model"' in text
    # Models share the picture of an image.
    assert len(pictures_in(text)) == len(set(pictures_in(text))) == 3


def test_known_issues_parameters_and_published_scores_are_shown(bench: Bench) -> None:
    rows = "file_name,label,tier,known_issue,notes,license,url,sha256,visibility_m\nblack_a.png,automobile,1,{}\n"
    toml = '[parameters]\nvisibility_m = "m"\n'
    folder = bench.suite("cars", rows.format("TICKET-7,A note.,CC0-1.0,,,45"), toml)
    digest = hashlib.sha256((folder / "black_a.png").read_bytes()).hexdigest()
    bench.suite("cars", rows.format(f"TICKET-7,A note.,CC0-1.0,https://example.org/a.png,{digest},45"), toml)
    published = "case,model,label,score\nblack_a,the paper's,airplane,0.4904\n"
    (folder / "published.csv").write_text(published, encoding="utf-8")
    bench.run()
    (case,) = cases_of(report_of(bench))
    assert (case["known_issue"], case["notes"]) == ("TICKET-7", "A note.")
    assert case["url"] == "https://example.org/a.png"
    assert case["published"] == {"the paper's": [("airplane", 0.4904)]}
    assert (case["facts"]["license"], case["facts"]["visibility_m"]) == ("CC0-1.0", "45 m")
    assert case["facts"]["SHA-256"] == digest


def test_flips_against_the_baseline_come_first(study: Bench) -> None:
    study.run("--robust-update-baseline")
    first = set(study.runs)
    (baseline,) = (study.path / "reports" / "baselines").glob("*.csv")
    lines = baseline.read_text(encoding="utf-8").splitlines(keepends=True)
    (at,) = (index for index, line in enumerate(lines) if line.startswith("study,black_night"))
    cells = lines[at].split(",")
    # As if black_night had passed when the baseline was accepted.
    lines[at] = ",".join([*cells[:4], "0.950000", "1", "0.900000", "automobile", "True", *cells[9:]])
    baseline.write_text("".join(lines), encoding="utf-8")
    study.run()
    (folder,) = set(study.runs) - first
    report = folder / "report.html"
    text = report.read_text(encoding="utf-8")
    assert text.index("What changed") < text.index("Misses")
    assert re.search(r"<b>1</b> regressed", text)
    (night,) = (case for case in cases_of(report) if case["case"] == "black_night")
    assert (night["change"], night["baseline_score"]) == ("regressed", 0.95)
    assert night["score"] == pytest.approx(0.233, abs=1e-3)


def test_beyond_the_limit_pictures_are_files_beside_the_page(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_pictures, "MOST_INSIDE", 2)
    study.run()
    report = report_of(study)
    text = report.read_text(encoding="utf-8")
    assert "6 tests took" in text  # cases, which are not in pytest-html's table, are counted
    assert not pictures_in(text)
    folder = report.parent / "report_files"
    assert {f"{case['picture']}.jpg" for case in cases_of(report)} == {file.name for file in folder.iterdir()}
    data = re.search(r'id="tb-pictures-data">(.*?)</script>', text)
    assert data
    assert json.loads(data[1])["folder"] == folder.name
    # The pictures of another run are kept ones.
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert len(first) == 3
    study.run()
    (second,) = (folder for folder in study.runs if folder != report.parent)
    assert {file.name: file.read_bytes() for file in (second / "report_files").iterdir()} == first


def test_cells_and_output_of_the_users_own_stand_beside_ours(study: Bench) -> None:
    own = """
import pytest


@pytest.fixture(autouse=True)
def closes():
    yield
    print("closed the lamp")


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_header(cells):
    cells.insert(2, '<th data-column-type="own">Own</th>')


@pytest.hookimpl(optionalhook=True)
def pytest_html_results_table_row(report, cells):
    cells.insert(2, '<td class="col-own">mine</td>')


def pytest_collect_file(file_path):
    assert file_path.suffix != ".png", "nobody can collect the picture of a case"
"""
    conftest = study.path / "conftest.py"
    study.file("conftest.py", conftest.read_text(encoding="utf-8") + own)
    answer = study.run()
    assert "Captured stdout teardown" in answer.text
    assert answer.text.count("closed the lamp") == 4  # two cases are missed, and their tiers
    (night,) = (case for case in cases_of(report_of(study)) if case["case"] == "black_night")
    assert night["facts"]["own"] == "mine"
    assert "closed the lamp" in night["log"]
    (gate,) = entries_of(report_of(study))["cases/test_tiers.py::test_tier[study/tier2]"]
    names = [re.findall("col-([a-zA-Z]+)", cell)[0] for cell in gate["resultsTableRow"][:5]]
    assert names == ["result", "picture", "own", "testId", "tier"]


def test_a_case_to_which_a_plugin_attached_something_is_in_the_table_too(study: Bench) -> None:
    own = """
import pytest
from pytest_html import extras


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if call.when == "call" and "grey_fog" in item.nodeid:
        report.extras = [extras.url("https://example.org/", name="wiki")]
    return report
"""
    conftest = study.path / "conftest.py"
    study.file("conftest.py", conftest.read_text(encoding="utf-8") + own)
    study.run()
    (entry,) = entries_of(report_of(study))["cases/test_tiers.py::test_case[study/grey_fog]"]
    row = "".join(entry["resultsTableRow"])
    assert "wiki" in row
    assert 'href="#case=study/grey_fog&amp;model=model"' in row
    assert "000003" in entry["tier"]  # what pytest-html sorts by
    assert len(entries_of(report_of(study))) == 1 + 3
    assert len(cases_of(report_of(study))) == 3
