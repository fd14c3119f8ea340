"""`tierbench history`, `compare`, `baseline` and `prune`, as a user calls them."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.cli.conftest import Answer
from tests.garage import edit_run
from tests.runs.records import row, tier, write

Call = Callable[..., Answer]
COLOURS = {"suite": "colours"}


@pytest.fixture
def reports(workplace: Path) -> Path:
    """Write two runs: `red` flips between them, `blue` does not."""
    folder = workplace / "reports"
    write(folder, 1, [row("red", 0.9, **COLOURS), row("blue", 0.8, tier=2, **COLOURS)], tiers=[tier(2, 2)])
    write(folder, 2, [row("red", 0.3, **COLOURS), row("blue", 0.8, tier=2, **COLOURS)], tiers=[tier(1, 2)])
    return folder


def test_history_prints_the_trend_and_writes_the_page(tierbench: Call, reports: Path) -> None:
    answer = tierbench("history", "--html")
    assert (answer.code, answer.err) == (0, "")
    assert "2 runs, 2026-01-02 to 2026-01-03" in answer.out
    assert "█▅" in answer.out
    assert "2026-01-03: 2/2 → 1/2" in answer.out
    assert (reports / "index.html").is_file()


def test_history_and_its_page_say_who_accepted_what_and_why(tierbench: Call, reports: Path) -> None:
    assert "accepted" not in tierbench("history", "--html").out
    first, second = sorted(folder.name for folder in reports.glob("2*"))
    assert tierbench("baseline", "accept", first, "--by", "Ada Lovelace").code == 0
    chosen = ("--case", "colours/red", "--by", "Grace Hopper", "--note", "new lens")
    assert tierbench("baseline", "accept", second, *chosen).code == 0
    lines = tierbench("history", "--model", "model").out.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("accepted"))
    cells = [re.split(" {2,}", line) for line in lines[at:]]
    assert cells[0] == ["accepted", "model", "by", "rows", "run", "what", "note"]
    assert [row[1:] for row in cells[1:]] == [
        ["model", "Ada Lovelace", "2", first, "all of the run"],
        ["model", "Grace Hopper", "1", second, "colours/red", "new lens"],
    ]
    # Accepting brings a page that is there up to date.
    page = (reports / "index.html").read_text(encoding="utf-8")
    text = " ".join(re.sub("<[^>]*>", " ", page.partition("<body>")[2]).split())
    assert "accepted by Grace Hopper : new lens" in text.replace(" :", " :")
    table = text[text.index("Accepted into baselines") :]
    assert table.index("Grace Hopper 1 colours/red") < table.index("Ada Lovelace 2 all of the run")


def test_history_skips_runs_that_cannot_be_read(tierbench: Call, reports: Path) -> None:
    broken = write(reports, 3)
    (broken / "run.json").write_text('{"schema": 1')
    answer = tierbench("history")
    assert answer.code == 0
    assert answer.err.startswith(f"left out: {broken.relative_to(reports.parent)}/run.json: cannot be read as JSON")
    assert len(answer.err.splitlines()) == 1


def test_history_of_one_model_or_an_unknown_one(tierbench: Call, reports: Path) -> None:
    assert tierbench("history", "--model", "model", "--suite", "photos").code == 0
    answer = tierbench("history", "--model", "other")
    assert (answer.code, answer.err) == (4, "error: reports: no run of this model is recorded here; run pytest first\n")
    assert tierbench("history", "--reports", "nowhere").code == 4


def test_compare_lists_flips_with_their_picture_and_exits_as_the_gate_decides(tierbench: Call, reports: Path) -> None:
    from hashlib import sha256

    digest = sha256((reports.parent / "cases" / "colours" / "red.png").read_bytes()).hexdigest()
    write(reports, 3, [row("red", 0.9, image_sha256=digest, **COLOURS)])
    write(reports, 4, [row("red", 0.3, image_sha256=digest, **COLOURS)])
    files = ("--html", "d.html", "--json", "d.json", "--markdown", "d.md")
    answer = tierbench("compare", "20260104", "last", "--gate", "flips", *files)
    assert answer.code == 1
    assert (
        "regressed colours/red [tier 1]: 0.900 → 0.300 (-0.600), expected automobile (passed, now fails)" in answer.out
    )
    assert "before  automobile 0.900, ship 0.100, cat 0.000" in answer.out
    assert "cases/colours/red.png" in answer.out
    assert answer.out.rstrip().endswith("regressed (each flip decides)")
    assert "data:image/webp;base64," in Path("d.html").read_text()
    assert json.loads(Path("d.json").read_text())["models"][0]["counts"]["regressed"] == 1
    assert "| regressed | `colours/red` | 0.900 → 0.300 (-0.600) |" in Path("d.md").read_text()
    answer = tierbench("compare", "20260104", "last")
    assert answer.code == 0
    assert answer.out.rstrip().endswith(
        "not shown in colours tier 1 (the paired verdict decides; 1 case regressed anyway)"
    )
    assert json.loads(Path("d.json").read_text())["outcome"] == "regressed"


@pytest.mark.skipif(os.name == "nt", reason="a closed pipe is another error on Windows")
def test_files_are_written_and_the_exit_code_stands_when_nobody_reads_the_output(reports: Path) -> None:
    arguments = ("compare", "20260102", "last", "--gate", "flips", "--html", "d.html")
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        process = subprocess.run(
            [sys.executable, "-m", "tierbench", *arguments], stdout=theirs, stderr=subprocess.PIPE, timeout=60
        )
    finally:
        os.close(theirs)
    assert (process.returncode, process.stderr) == (1, b"")
    assert Path("d.html").is_file()


def test_files_are_written_before_anything_is_printed(
    tierbench: Call, reports: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bool] = []
    monkeypatch.setattr("typer.echo", lambda *_, **__: seen.append(Path("d.html").exists()))
    tierbench("compare", "20260102", "last", "--html", "d.html")
    assert seen[0]
    monkeypatch.setattr("typer.echo", lambda *_, **__: seen.append((reports / "index.html").exists()))
    seen.clear()
    tierbench("history", "--html")
    assert seen[0]


def test_compare_shows_the_corrupted_picture_of_a_derived_case(tierbench: Call, reports: Path) -> None:
    from hashlib import sha256

    digest = sha256((reports.parent / "cases" / "colours" / "red.png").read_bytes()).hexdigest()
    derived = {**COLOURS, "tier": None, "corruption": "gaussian_noise", "severity": 3, "image_sha256": digest}
    write(reports, 3, [row("red+gaussian_noise-3", 0.9, **derived)])
    write(reports, 4, [row("red+gaussian_noise-3", 0.3, **derived)])
    assert tierbench("compare", "20260104", "last", "--gate", "flips", "--html", "d.html").code == 1
    picture = re.search(r'src="data:image/webp;base64,([^"]+)"', Path("d.html").read_text())
    assert picture
    image = Image.open(io.BytesIO(base64.b64decode(picture[1]))).convert("RGB")
    # The clean picture is plain red; this one has noise in every channel.
    assert np.asarray(image).std(axis=(0, 1)).min() > 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("nothing", "last"), "there is no such run in reports/"),
        (("last", "2026"), "2 runs start with this"),
        (("last", "last", "--max-drop", "0"), "--max-drop 0 must be above 0"),
        (("last", "last", "--html", "no/such/file.html"), "cannot be written"),
    ],
)
def test_compare_reports_a_problem_in_one_line(
    tierbench: Call, reports: Path, arguments: tuple[str, ...], says: str
) -> None:
    answer = tierbench("compare", *arguments)
    assert answer.code == 4
    assert says in answer.err
    assert len(answer.err.splitlines()) == 1


def test_compare_reports_damaged_figures_in_one_line(tierbench: Call, reports: Path) -> None:
    write(reports, 3, [row("red", 0.3, rank="first", **COLOURS)])
    answer = tierbench("compare", "20260102", "last")
    assert answer.code == 4
    assert "scores.csv: is damaged: rank 'first' of colours/red; run again, or name another run" in answer.err


@pytest.mark.parametrize(
    ("content", "scores", "says"),
    [
        ({"models": None}, {}, "run.json: is damaged: 'models' is not a list"),
        ({"models": ["a"]}, {}, "run.json: is damaged: 'models[0]' is not an object"),
        ({"suites": [1]}, {}, "run.json: is damaged: 'suites' is not an object"),
        ({"versions": "new"}, {}, "run.json: is damaged: 'versions' is not an object"),
        ({}, {"rank": 1.5}, "scores.csv: is damaged: rank '1.5' of colours/red"),
        ({}, {"rank": 1e30}, "scores.csv: is damaged: rank '1e+30' of colours/red"),
        ({}, {"rank": None}, "scores.csv: is damaged: colours/red has a score but no rank"),
        ({}, {"margin": float("nan")}, "scores.csv: is damaged: margin 'nan' of colours/red"),
        ({}, {"score": 7.5}, "scores.csv: is damaged: score '7.5' of colours/red"),
    ],
)
def test_every_command_reports_a_damaged_run_in_one_line(
    tierbench: Call, reports: Path, content: dict[str, object], scores: dict[str, Any], says: str
) -> None:
    folder = write(reports, 3, [row("red", **{"score": 0.9, **COLOURS, **scores})])
    edit_run(folder, **content)
    for command in (("compare", "20260102", "last"), ("baseline", "accept", "last")):
        answer = tierbench(*command)
        assert answer.code == 4
        (line,) = answer.err.splitlines()
        assert says in line
    assert tierbench("history").code == 0


def test_deeply_nested_files_are_treated_as_damaged(tierbench: Call, reports: Path) -> None:
    nested = "[" * 100_000
    folder = write(reports, 3, [row("red", 0.9, **COLOURS)])
    (folder / "run.json").write_text(nested, encoding="utf-8")
    (reports / ".history.json").write_text(nested, encoding="utf-8")
    answer = tierbench("history", "--html")
    assert answer.code == 0
    assert "cannot be read as JSON" in answer.err
    assert tierbench("show", folder.name).code == 4
    (reports / ".history.json").write_text('{"schema": 1, "runs": {"x": {"stamp": [1, 2]}}}', encoding="utf-8")
    assert tierbench("history").code == 0


def test_an_index_whose_entries_lack_their_run_is_rebuilt(tierbench: Call, reports: Path) -> None:
    assert tierbench("history").code == 0
    index = json.loads((reports / ".history.json").read_text(encoding="utf-8"))
    for entry in index["runs"].values():
        del entry["run"]
    (reports / ".history.json").write_text(json.dumps(index), encoding="utf-8")
    assert tierbench("history").code == 0
    assert "run" in next(iter(json.loads((reports / ".history.json").read_text(encoding="utf-8"))["runs"].values()))


def test_files_of_the_user_are_never_replaced(tierbench: Call, reports: Path) -> None:
    (reports / "index.html").write_text("my own page", encoding="utf-8")
    (reports / "notes.md").write_text("my notes", encoding="utf-8")
    answer = tierbench("history", "--html")
    assert answer.code == 4
    assert "reports/index.html: exists and was not written by tierbench; it is not overwritten" in answer.err
    assert tierbench("compare", "20260102", "last", "--markdown", "reports/notes.md").code == 4
    assert (reports / "index.html").read_text(encoding="utf-8") == "my own page"
    assert (reports / "notes.md").read_text(encoding="utf-8") == "my notes"


def test_comparisons_with_nothing_to_judge_say_so(tierbench: Call, reports: Path) -> None:
    steps = {**COLOURS, "tier": None}
    write(reports, 3, [row("step", 0.9, **steps)])
    write(reports, 4, [row("step", 0.2, **steps)])
    answer = tierbench("compare", "20260104", "last")
    assert answer.code == 0
    assert answer.out.rstrip().endswith("nothing to judge (the paired verdict decides; 1 case regressed anyway)")
    write(reports, 5, [row(f"c{number}", 0.9) for number in range(8)])
    write(reports, 6, [row(f"c{number}", 0.9) for number in range(8)])
    assert "\nunchanged (the paired" in tierbench("compare", "20260106", "last").out


def test_models_that_only_one_run_has_are_reported(tierbench: Call, reports: Path) -> None:
    write(reports, 3, [row("a", 0.9, model="x"), row("a", 0.9, model="y")])
    write(reports, 4, [row("a", 0.9, model="x"), row("a", 0.9, model="z")])
    said = tierbench("compare", "20260104", "last").out
    assert "20260104T031700Z-000003 has 1 model that the other lacks: y" in said
    assert "20260105T031700Z-000004 has 1 model that the other lacks: z" in said


def test_prune_removes_a_killed_run_without_scores(tierbench: Call, reports: Path) -> None:
    folder = write(reports, 0, [row("red", 0.9, **COLOURS)], complete=False)
    (folder / "scores.csv").unlink()
    assert "it may still be running" in tierbench("prune", "--keep", "2").out
    os.utime(folder / "run.json", (0, 0))
    assert tierbench("prune", "--keep", "2").code == 0
    assert not folder.exists()


def test_accepted_rows_without_a_case_are_pruned(tierbench: Call, reports: Path) -> None:
    write(reports, 3, [row("red", 0.9, **COLOURS), row("gone", 0.9, **COLOURS)])
    answer = tierbench("baseline", "accept", "last")
    assert (answer.code, answer.out) == (0, "accepted 2 cases of model into reports/baselines/model.csv\n")
    answer = tierbench("baseline", "prune")
    assert (answer.code, answer.out) == (0, "reports/baselines/model.csv: 1 row removed\n  colours/gone\n")
    assert tierbench("baseline", "prune", "model").out == "reports/baselines/model.csv: 0 rows removed\n"
    assert "gone" not in (reports / "baselines" / "model.csv").read_text()


def test_prune_changes_nothing_if_the_cases_are_unknown(tierbench: Call, reports: Path, workplace: Path) -> None:
    assert "there is no baseline" in tierbench("baseline", "prune").err
    tierbench("baseline", "accept", "last")
    before = (reports / "baselines" / "model.csv").read_bytes()
    (workplace / "cases" / "colours" / "metadata.csv").write_text("file_name,tier\nred.png,one\n")
    assert tierbench("baseline", "prune").code == 4
    assert tierbench("baseline", "prune", "--cases", "nowhere").code == 4
    assert tierbench("baseline", "prune", "../../x").code == 4
    assert (reports / "baselines" / "model.csv").read_bytes() == before


def test_accept_rejects_a_stopped_run(tierbench: Call, reports: Path) -> None:
    write(reports, 3, [row("red", 0.9, **COLOURS)], complete=False)
    answer = tierbench("baseline", "accept", "last")
    assert answer.code == 4
    assert "the run is not complete; run again, or accept what it has with --force" in answer.err
    assert tierbench("baseline", "accept", "last", "--force").code == 0


def test_prune_lists_what_it_removes_and_keeps_the_rest(tierbench: Call, reports: Path) -> None:
    tierbench("baseline", "accept", "last")
    write(reports, 3)
    (reports / "20260102T031700Z-000001" / "notes.txt").write_text("mine")
    answer = tierbench("prune", "--keep", "1", "--dry-run")
    assert answer.out.splitlines()[-1] == "1 run would be removed"
    assert len(list(reports.glob("2026*"))) == 3
    answer = tierbench("prune", "--keep", "1")
    assert answer.out.splitlines() == [
        "kept     reports/20260102T031700Z-000001: it contains notes.txt, which no run wrote",
        "removed  reports/20260103T031700Z-000002",
        "1 run removed",
    ]
    assert sorted(path.name for path in reports.glob("2026*")) == ["20260102T031700Z-000001", "20260104T031700Z-000003"]
    assert (reports / "baselines" / "model.csv").is_file()


def test_show_reports_a_damaged_run_in_one_line(tierbench: Call, reports: Path) -> None:
    broken = write(reports, 3, [row("red", 0.9, **COLOURS)])
    (broken / "run.json").write_text('{"schema": 1, "complete": true}')
    answer = tierbench("show", "last")
    assert answer.code == 4
    assert "is damaged: 'started' is missing" in answer.err
