"""`tierbench baseline accept` of chosen cases: what changes, what is refused, and who accepted what."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.cli.conftest import Answer
from tests.runs.records import row, write
from tierbench.common.schema import CaseRow
from tierbench.runs.baseline import read_baseline, update_baseline
from tierbench.runs.baseline_format import parse_baseline

Command = Callable[..., Answer]

# How version 0.1 reads the lines above the rows.
COMMENT = re.compile(r"# ([A-Za-z0-9][A-Za-z0-9 ._-]*): (.*)")
SHA = {"image_sha256": "b" * 64}


@pytest.fixture
def accepted(workplace: Path, tierbench: Command) -> Path:
    """Accept a first run, and record a second one: `a` regressed, `b` and `c` are fixed, `e` is another picture."""
    reports = workplace / "reports"
    write(reports, 1, [row("a", 0.9), row("b", 0.2), row("c", 0.1), row("d", 0.8), row("e", 0.1), row("f", 0.7)])
    assert tierbench("baseline", "accept", "last", "--by", "Ada").code == 0
    changed = [row("a", 0.3), row("b", 0.85), row("c", 0.95), row("d", 0.8), row("e", 0.9, **SHA)]
    broken = CaseRow(suite="photos", case="f", model="model", tier=1, outcome="error", reason="not an image")
    write(reports, 2, [*changed, broken])
    return reports / "baselines" / "model.csv"


def rows_of(file: Path) -> dict[str, bytes]:
    lines = [line for line in file.read_bytes().splitlines(keepends=True) if not line.startswith(b"#")]
    return {line.split(b",")[1].decode(): line for line in lines}


def test_only_the_named_case_changes_and_the_rest_stays_byte_for_byte(accepted: Path, tierbench: Command) -> None:
    before = rows_of(accepted)
    answer = tierbench("baseline", "accept", "last", "--case", "photos/b", "--note", "new  lens", "--by", "Bo")
    assert (answer.code, answer.err) == (0, "")
    after = rows_of(accepted)
    assert {name for name in before if before[name] != after[name]} == {"b"}
    assert answer.out.splitlines() == [
        "accepted 1 case of model into reports/baselines/model.csv",
        "  photos/b: score 0.200 → 0.850, rank 2 → 1, predicted ship → automobile (fixed)",
        "remaining flips: 1 regressed, 1 fixed",
        "  regressed photos/a: 0.900 → 0.300",
        "  fixed photos/c: 0.100 → 0.950",
    ]
    first, second = read_baseline(accepted).history.values()
    assert (first.by, first.changed, first.cases, first.note) == ("Ada", 6, (), "")
    assert (second.by, second.changed, second.cases, second.note) == ("Bo", 1, ("photos/b",), "new lens")
    assert second.run.startswith("2026")
    assert re.fullmatch(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z", second.on)


def test_the_fixed_cases_are_accepted_and_the_regressed_stay(accepted: Path, tierbench: Command) -> None:
    before = rows_of(accepted)
    answer = tierbench("baseline", "accept", "last", "--only-fixed")
    after = rows_of(accepted)
    assert {name for name in before if before[name] != after[name]} == {"b", "c"}
    assert "photos/e is left out: the image changed; name it with --case" in answer.out
    assert answer.out.splitlines()[-2:] == [
        "remaining flips: 1 regressed, 0 fixed",
        "  regressed photos/a: 0.900 → 0.300",
    ]
    history = accepted.read_bytes()
    again = tierbench("baseline", "accept", "last", "--only-fixed")
    assert (again.code, again.out.splitlines()[0]) == (
        0,
        "reports/baselines/model.csv is unchanged: no case of model is fixed",
    )
    assert accepted.read_bytes() == history
    both = tierbench("baseline", "accept", "last", "--case", "photos/a", "--case", "photos/e", "--only-fixed")
    assert "photos/e: score 0.100 → 0.900, rank 2 → 1, predicted ship → automobile (the image changed)" in both.out
    assert both.out.splitlines()[-1] == "no flip remains"


def test_a_row_that_differs_by_noise_stays_and_is_no_entry_of_the_history(accepted: Path, tierbench: Command) -> None:
    before = accepted.read_bytes()
    answer = tierbench("baseline", "accept", "last", "--case", "photos/d")
    assert "photos/d: stays as it is" in answer.out
    assert accepted.read_bytes() == before


def test_what_cannot_be_accepted_is_refused_and_nothing_changes(accepted: Path, tierbench: Command) -> None:
    before = accepted.read_bytes()
    wanted = ("--case", "photos/b", "--case", "photos/f", "--case", "photos/x", "--case", "a\x1b[2J")
    answer = tierbench("baseline", "accept", "last", *wanted)
    lines = answer.err.splitlines()
    assert (answer.code, len(lines), accepted.read_bytes() == before) == (4, 3, True)
    assert lines[0] == "error: --case photos/f: has no score: error (not an image); fix it and run again"
    assert lines[1] == "error: --case photos/x: the run has no such case; did you mean photos/f?"
    assert lines[2].endswith("it has photos/a, photos/b, photos/c, photos/d, photos/e and 1 more")
    assert "\x1b" not in answer.err
    unknown = tierbench("baseline", "accept", "last", "--only-fixed", "--model", "modl")
    assert (unknown.code, unknown.err.count("\n")) == (4, 1)
    assert "has no such model; it has model" in unknown.err
    accepted.unlink()
    assert "there is no such baseline" in tierbench("baseline", "accept", "last", "--only-fixed").err


def test_a_case_of_several_models_needs_the_name_of_one(accepted: Path, tierbench: Command) -> None:
    reports = accepted.parents[1]
    write(reports, 3, [row("b", 0.9), row("b", 0.1, model="other")])
    answer = tierbench("baseline", "accept", "last", "--case", "photos/b")
    assert (answer.code, "has the models model, other: choose one of them with --model" in answer.err) == (4, True)
    answer = tierbench("baseline", "accept", "last", "--case", "photos/b", "--model", "model")
    assert answer.out.startswith("accepted 1 case of model")
    assert not (accepted.parent / "other.csv").exists()
    answer = tierbench("baseline", "accept", "last", "--model", "other")
    assert (answer.out.count("accepted"), (accepted.parent / "other.csv").exists()) == (1, True)


def test_a_stopped_run_needs_force(accepted: Path, tierbench: Command) -> None:
    write(accepted.parents[1], 3, [row("b", 0.9)], complete=False)
    assert tierbench("baseline", "accept", "last", "--case", "photos/b").code == 4
    assert tierbench("baseline", "accept", "last", "--case", "photos/b", "--force").code == 0


def test_the_history_is_inert_bounded_and_read_as_comments_by_version_0_1(accepted: Path, tierbench: Command) -> None:
    note = "see\n# end\n\x1b[31m\u202e##[error]" + "x" * 400
    tierbench("baseline", "accept", "last", "--case", "photos/b", "--note", note, "--by", "\ud800\nroot")
    text = accepted.read_text(encoding="utf-8")
    comments = [line for line in text.splitlines()[1:-1] if line.startswith("#")]
    assert all(COMMENT.fullmatch(line) and line.isprintable() for line in comments)
    assert "##[" not in text
    *_, last = read_baseline(accepted).history.values()
    assert (last.by, len(last.note) < 400) == ("\\ud800 root", True)
    # 60 more: the newest are kept, in their order, and the lines of those that stay are the same.
    for number in range(60):
        score = "0.2" if number % 2 else "0.8"
        rows = read_baseline(accepted).rows
        chosen = [replace(row, score=float(score), log_margin=float(number)) for row in rows if row.case == "b"]
        (latest,) = list(read_baseline(accepted).history.values())[-1:]
        update_baseline(accepted, chosen, {}, accepted=latest)
    baseline = read_baseline(accepted)
    assert (len(baseline.history), max(baseline.history)) == (50, 62)
    assert list(baseline.history) == sorted(baseline.history)
    assert "accepted 0062" not in baseline.provenance


def test_a_removed_row_counts_as_changed(accepted: Path) -> None:
    before = read_baseline(accepted)
    (first,) = before.history.values()
    same = [row for row in before.rows if row.case == "a"]
    update_baseline(accepted, same, before.provenance, without=["photos/f"], accepted=first)
    assert [each.changed for each in read_baseline(accepted).history.values()] == [6, 1]


def test_a_damaged_line_of_the_history_is_one_clear_line(accepted: Path) -> None:
    data = accepted.read_bytes().replace(b'"by":"Ada"', b'"by":7')
    with pytest.raises(Exception, match=r"'accepted 0001' is damaged: .* restore it from version control"):
        parse_baseline(data)


def test_git_says_who_accepted(
    accepted: Path, tierbench: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gitconfig").write_text("[user]\n  name = Grace Hopper\n", encoding="utf-8")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    tierbench("baseline", "accept", "last", "--case", "photos/b")
    assert list(read_baseline(accepted).history.values())[-1].by == "Grace Hopper"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "none"))
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", str(tmp_path / "none"))
    monkeypatch.setenv("LOGNAME", "ghopper")
    tierbench("baseline", "accept", "last", "--case", "photos/c")
    assert list(read_baseline(accepted).history.values())[-1].by == "ghopper"
