"""The Markdown summary of a run; text from suites and models is never interpreted as Markdown or HTML."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.runs.records import comparison, content, model, row, tier
from tests.runs.tables import baseline_rows, rows_of, run_table
from tierbench.common.schema import LadderResult, LevelResult
from tierbench.report.markdown import MOST_CASES, code, run_markdown
from tierbench.report.markdown_file import MARK
from tierbench.runs.diff import diff_cases, paired_cases
from tierbench.runs.regression import judge_regression

HOSTILE = "`<img src=x>` | [a](javascript:b) **@user** https://example.org\n# h \u202e"
PARSER = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def kinds(markdown: str) -> list[str]:
    return [each.type for token in PARSER.parse(markdown) for each in [token, *(token.children or [])]]


@given(st.text())
def test_any_text_is_one_code_span(text: str) -> None:
    shown = code(text)
    if not shown:
        return
    for markdown in (f"x {shown} y", f"| a | b |\n| --- | --- |\n| {shown} | z |"):
        found = kinds(markdown)
        assert found.count("code_inline") == 1
        assert not {"html_inline", "html_block", "link_open", "image", "strong_open"} & set(found)
    assert kinds(f"| a | b |\n| --- | --- |\n| {shown} | z |").count("td_open") == 2


def test_a_hostile_run_is_a_table_of_code_spans() -> None:
    hostile = model(HOSTILE, level_text=HOSTILE)
    made = content([tier(1, 4, suite=HOSTILE, name=HOSTILE, model=HOSTILE)], models=(hostile,))
    rows = [row(HOSTILE, 0.1, suite=HOSTILE, model=HOSTILE, reason=HOSTILE)]
    markdown = run_markdown(made, rows)
    assert markdown.startswith(MARK + "\n")
    found = kinds(markdown.removeprefix(MARK))
    assert not {"html_inline", "html_block", "link_open", "image"} & set(found)
    assert found.count("td_open") == 7 + 3


def test_a_run_against_a_baseline_names_flips_and_verdicts() -> None:
    diff = diff_cases(baseline_rows([0.9] * 6), rows_of(run_table([0.4] * 6)))
    whole, verdict = judge_regression(paired_cases(diff))
    against = comparison(
        gate="regression",
        fixed=1,
        same=4,
        differences=("torch: baseline 1, now 2",),
        verdicts=(whole, verdict),
    )
    rows = [
        row("a", 0.4, change="fixed", baseline_score=0.1),
        row("b", 0.2, change="regressed", baseline_score=0.9),
        row("c", 0.9, change="same", baseline_score=0.9),
        row("d", 0.3, change="new"),
    ]
    markdown = run_markdown(content([tier(2, 4)], comparisons=(against,)), rows)
    assert "Gate `regression`: 1 regressed, 1 fixed." in markdown
    assert markdown.index("| regressed | `photos/b` | 0.900 → 0.200 | `ship` |") < markdown.index(
        "| fixed | `photos/a`"
    )
    assert (
        "- `photos` tier 1: regressed: lost 6 of 6 groups (`c000`, `c001`, `c002`, `c003` and 2 more), won none"
        in markdown
    )
    assert "- all suites: regressed: lost 6 of 6 groups (`photos/c000`, " in markdown
    assert "- made with different `torch: baseline 1, now 2`" in markdown
    assert "| `photos/d` | `expected automobile` |" in markdown
    assert "`photos/c`" not in markdown


def test_a_stopped_run_without_a_baseline_names_its_misses() -> None:
    rows = [row(f"c{number:03d}", 0.1) for number in range(MOST_CASES + 3)]
    markdown = run_markdown(content([tier(0, 43)], complete=False), rows)
    assert "**Failed: level 1 of 3, no baseline yet; 43 pictures missed; " in markdown
    assert "; the run stopped early**" in markdown
    assert "| `photos/c000` | `model` | `expected automobile` |" in markdown
    assert "… and 3 more." in markdown


def test_what_is_as_accepted_is_left_out() -> None:
    ladders = [
        LadderResult(
            suite="photos",
            model="model",
            ladder=name,
            parameter="distance_m",
            unit="m",
            direction="rising",
            values=(10.0, 20.0),
            scores=(0.9, 0.2),
            passed=(True, False),
            recognised=((True,) * 8, (False,) * 8),
            half_state="inside",
            half_point=15.0,
            baseline_shares=before,
            baseline_half_point=18.0,
        )
        for name, before in (("still", (1.0, 0.0)), ("nearer", (1.0, 0.4)))
    ]
    levels = [
        LevelResult(model="model", suite="photos", tier=number, cases=4, before=before, now=3, min_pass_rate=0.5)
        for number, before in ((1, 3), (2, 4))
    ]
    made = content(
        [tier(3, 4), tier(3, 4, tier=2, name="harder")],
        comparisons=(comparison(regressed=0),),
        levels=tuple(levels),
        ladders=tuple(ladders),
        git_commit="0123456789abcdef",
        failed=(),
    )
    markdown = run_markdown(made, [])
    head = markdown.splitlines()[:8]
    assert head[3] == "**Passed: level 1 of 3**"
    assert head[5] == "- commit `0123456789ab`"
    assert head[7].startswith("- `photos/nearer`: `seen up to 15 m`, `18 m` in the baseline")
    assert "photos/still" not in markdown
    assert "2 `harder`" in markdown
    assert "1 `easy`" not in markdown
    assert "no case changed" in markdown
