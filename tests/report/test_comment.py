"""The comment on a pull request: short, and nothing that a suite or a model says acts in it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.runs.records import comparison, content, model, row, tier
from tierbench.common.schema import Flip, LevelResult, ReferenceComparison
from tierbench.report.comment import LONGEST, MOST_FLIPS, comment_markdown, prose, verdict_text

HOSTILE = (
    "@octocat closes #12, fixes octo/models#3 GH-4 !5 ~bug %6 :tada: deadbeefcafe "
    "https://example.org www.example.org a@example.org <img src=x> [a](javascript:b) **b** `c` | d\n/close\n# h \u202e"
)
# Without links for bare URLs and addresses, which need a package more: `ACTS` finds what could become one.
PARSER = MarkdownIt("gfm-like", {"linkify": False, "html": True})


def tokens(markdown: str) -> list[Token]:
    return [each for token in PARSER.parse(markdown) for each in [token, *(token.children or [])]]


def plain(markdown: str) -> str:
    """Return the text outside of code, where a host looks for mentions, references and commands."""
    return "\n".join(token.content for token in tokens(markdown) if token.type == "text")


# What GitHub or GitLab reads something into: https://docs.gitlab.com/user/markdown/#gitlab-specific-references
ACTS = re.compile(
    r"[@#~$&^*`|<>\[\]/\\_]|[!%]\w|\bGH-|:\w|\b[0-9a-f]{7,}\b|\w\.\w|^\s*[-+/]", re.MULTILINE | re.IGNORECASE
)


@given(st.text() | st.text("ab1@#/.:-_*`|<>[]()!~ \n", max_size=40))
def test_nothing_acts_in_prose(text: str) -> None:
    markdown = f"**{prose(text)}**"
    figures = re.sub(r"\d[.,]\d", "", plain(markdown))
    assert not ACTS.search(figures.strip("*"))
    inert = {"inline", "text", "code_inline", "paragraph_open", "paragraph_close", "strong_open", "strong_close"}
    assert {token.type for token in tokens(f"x {prose(text)}")} <= inert


def test_a_sentence_stays_readable() -> None:
    said = "Failed: level 1 → 0 of 3; 5 pictures regressed (95 % of them), the model's worst at night_2"
    assert prose(said) == said.replace("night_2", "`night_2`")


@pytest.mark.parametrize("hostile", [HOSTILE, "`" * 800, "` " * 800, "\ud800" * 800], ids=range(4))
def test_a_hostile_run_is_inert_and_short_enough(hostile: str) -> None:
    names = [hostile + str(number) for number in range(40)]
    levels = [
        LevelResult(model=name, suite=name, tier=1, cases=1, before=1, now=0, min_pass_rate=1.0) for name in names
    ]
    flips = [
        Flip(
            suite=name,
            case=name,
            tier=1,
            expected=name,
            gain=False,
            reference_predicted=name,
            predicted=name,
            reference_score=0.9,
            score=0.1,
        )
        for name in names
    ]
    for change in ("regressed", "new"):
        rows = [row(name, 0.1, suite=name, model=name, reason=name, change=change, predicted=name) for name in names]
        rows += [row(name, 0.1, suite=name, model=name, reason=name, change="new") for name in names]
        run = content(
            [tier(0, 1, suite=name, name=name, model=name) for name in names],
            models=tuple(model(name, level_text=name) for name in names),
            levels=tuple(levels),
            comparisons=tuple(comparison(model=name, baseline=name) for name in names),
            references=tuple(ReferenceComparison(model=name, reference=name, flips=tuple(flips)) for name in names[:2]),
            git_commit=hostile,
        )
        markdown = comment_markdown(run, rows, exit_code=1, link="https://example.org/r")
        assert len(markdown) < LONGEST
        found = {token.type for token in tokens(markdown.partition("\n")[2])}
        assert not {"html_inline", "html_block", "image", "s_open", "em_open"} & found
        links = [token.attrs["href"] for token in tokens(markdown) if token.type == "link_open"]
        assert links == ["https://example.org/r"]
        own = plain(markdown).replace("photos/", "")
        assert "octocat" not in own
        assert "deadbeef" not in own
        # GitLab obeys a line that begins with a slash.
        assert not re.search(r"^\s*/", markdown, re.MULTILINE)


def test_tiers_are_shown_before_and_now() -> None:
    run = content(
        [tier(3, 4), tier(9, 12, tier=2, name="hard"), tier(1, 1, tier=3, name="very hard")],
        levels=(
            LevelResult(model="model", suite="photos", tier=1, cases=4, before=4, now=3, min_pass_rate=1.0),
            LevelResult(model="model", suite="photos", tier=2, cases=10, before=8, now=8, min_pass_rate=1.0),
            LevelResult(model="model", cases=14, before=1, now=0),
        ),
        comparisons=(comparison(),),
    )
    markdown = comment_markdown(run, [], exit_code=1)
    assert "**Failed: level 1 → 0 of 3; 1 picture regressed**" in markdown
    assert "- photos tier 1: 4 of 4 passed in the baseline, 3 now, at least 1.00 required" in markdown
    assert "| `photos` | 1 `easy` | 4/4 | 3/4 ✗ |" in markdown
    # The baseline lacks two cases that the suite has now.
    assert "| `photos` | 2 `hard` | 8/10 | 8/10 of the same, 9/12 in all ✗ |" in markdown
    assert "| `photos` | 3 `very hard` | – | 1/1 |" in markdown


def test_six_flips_are_shown_regressions_first() -> None:
    rows = [row(f"f{number}", 0.9, expected="car|cab", change="fixed", baseline_score=0.1) for number in range(4)]
    rows += [row(f"r{number}", 0.1, change="regressed", baseline_score=0.9) for number in range(4)]
    rows += [row("kept", 0.9, change="same", baseline_score=0.9)]
    markdown = comment_markdown(content([tier(5, 9)], comparisons=(comparison(),)), rows, exit_code=1)
    assert re.findall(r"`photos/(\w+)`", markdown) == ["r0", "r1", "r2", "r3", "f0", "f1"]
    assert len(re.findall("✗ regressed|✓ fixed", markdown)) == MOST_FLIPS
    assert "| ✓ fixed | `photos/f0` | `car or cab` |" in markdown
    assert "… and 2 more flips in the report." in markdown
    assert "**Failed: level 1 of 3; 4 pictures regressed, all of them" in markdown
    assert " kept" not in markdown


def test_flips_against_a_reference_model_name_the_one_that_passes() -> None:
    flip = Flip(
        suite="photos",
        case="a",
        tier=1,
        expected="automobile",
        gain=True,
        reference_predicted="ship",
        predicted="automobile",
        reference_score=0.2,
        score=0.8,
    )
    run = content(
        models=(model("new"), model("old")),
        references=(ReferenceComparison(model="new", reference="old", flips=(flip,)),),
    )
    line = "| only `new` passes | `photos/a` | `automobile` | 0.200 → 0.800 | `ship` → `automobile` | `new` |"
    assert line in comment_markdown(run)


def test_misses_are_named_without_a_baseline() -> None:
    markdown = comment_markdown(content([tier(0, 8)]), [row(f"c{number}", 0.1) for number in range(8)], exit_code=1)
    assert "**Failed: level 1 of 3, no baseline yet; 8 pictures missed" in markdown
    assert "| `photos/c5` | `expected automobile` |" in markdown
    assert "… and 2 more failed cases in the report." in markdown


def test_steps_of_ladders_and_corrupted_pictures_are_no_failed_cases() -> None:
    rows = [row("step", 0.1, tier=None), row("fogged", 0.1, tier=None, corruption="fog", severity=3)]
    assert "| failed |" not in comment_markdown(content([tier(4, 4)]), rows)
    rows = [row("broken", 0.1, tier=None, outcome="error"), row("empty", 0.1, tier=None, expected="!automobile")]
    assert re.findall(r"\| `photos/(\w+)` \|", comment_markdown(content([tier(4, 4)]), rows)) == ["broken", "empty"]


@pytest.mark.parametrize("exit_code", [None, 0, 1, 2])
def test_how_pytest_ended_is_said_where_it_says_more(exit_code: int | None) -> None:
    ended = f"; pytest ended with exit code {exit_code}" if exit_code else ""
    assert verdict_text(content([tier(4, 4)]), [], exit_code) == f"Passed: level 1 of 3, no baseline yet{ended}"
    assert verdict_text(None, [], exit_code).startswith("Not judged: there is no record of a run")


def test_of_many_tiers_those_that_changed_are_shown() -> None:
    tiers = [tier(1, 1, suite=f"s{number:03d}") for number in range(80)] + [tier(0, 1, suite="last")]
    markdown = comment_markdown(content(tiers))
    assert "| `last` |" in markdown
    assert "… and 51 more tiers in the report." in markdown
