"""Slices that stand out, at the terminal, in Markdown and in the report: after a run, and with hostile names."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.report.conftest import Opener, report_of
from tests.report.test_markdown import HOSTILE, PARSER, kinds
from tests.runs.records import content
from tierbench.common.schema import Standouts, StandoutSlice
from tierbench.report.html.report_page import report_alone
from tierbench.report.markdown import run_markdown
from tierbench.report.markdown_file import MARK
from tierbench.report.standouts_text import standouts_lines

NIGHT = StandoutSlice(kind="tag", name="night", hits=19, size=40, groups=40, expected=10.63, p=0.022, low=0.3, high=0.6)
FOUND = Standouts(model="model", of="misses", hits=56, cases=200, searched=57, found=(NIGHT,))


def test_the_terminal_has_counts_and_what_chance_would_give() -> None:
    nothing = replace(FOUND, of="regressions", found=(), searched=1)
    assert standouts_lines([FOUND, nothing, replace(FOUND, searched=0)], several_models=True) == [
        "",
        "model: 1 slice of 57 holds more misses than chance",
        "  tag night  19 of 40, by chance 10.6, p = 0.022",
        "model: no slice holds more regressions than chance (1 slice searched)",
    ]
    many = replace(FOUND, found=(replace(NIGHT, p=0.001),) * 6)
    assert standouts_lines([many])[2:] == ["  tag night  19 of 40, by chance 10.6, p ≤ 0.001"] * 4 + ["  and 2 more"]


def test_hostile_names_are_text_on_every_page(tmp_path: Path) -> None:
    hostile = replace(FOUND, model=HOSTILE, found=(replace(NIGHT, name=HOSTILE, alike=(f'"{HOSTILE}',)),))
    run = content(standouts=(hostile,))
    assert "\u202e" not in "".join(standouts_lines([hostile], several_models=True))
    found = kinds(run_markdown(run, []).removeprefix(MARK))
    assert not {"html_inline", "html_block", "link_open", "image"} & set(found)
    page = report_alone(run, tmp_path)
    assert "<img src=x>" not in page
    assert "&lt;img src=x&gt;" in page


def planted(bench: Bench) -> None:
    """Write a suite whose misses are at night, by tag and by brightness."""
    lines = ["file_name,label,tier,tags", *(f"red_{i}.png,automobile,{1 + i % 2}," for i in range(30))]
    lines += [f"black_{i}.png,automobile,{1 + i % 2},night" for i in range(10)]
    bench.suite("study", "\n".join([*lines, ""]))


def test_a_run_names_the_slice_that_its_misses_are_in(bench: Bench, open_page: Opener) -> None:
    planted(bench)
    answer = bench.run("--robust-markdown=summary.md")
    assert answer.line("more misses than chance") == "1 slice of 1 holds more misses than chance"
    assert answer.line("by chance") == "  tag night  10 of 10, by chance 2.5, p ≤ 0.001"
    markdown = (bench.path / "summary.md").read_text(encoding="utf-8")
    assert "| `tag night` | 10 of 10, by chance 2.5, p ≤ 0.001 |" in markdown
    assert any(token.type == "table_open" for token in PARSER.parse(markdown))
    section = open_page(report_of(bench)).locator(".tb-standouts")
    assert "1 slice of 1 holds more misses than chance." in section.inner_text()
    # The figures of the pictures say the same: dark, grey and flat.
    assert "tag night and 2 slices alike" in section.get_by_role("rowheader").inner_text()
    again = bench.run()
    assert again.line("by chance") == answer.line("by chance")


@pytest.mark.parametrize("arguments", [["--robust-no-cache"], ["--robust-no-cache", "-n2"]], ids=["alone", "workers"])
def test_figures_of_pictures_are_there_without_a_kept_prediction(bench: Bench, arguments: list[str]) -> None:
    planted(bench)
    bench.run(*arguments)
    ((found,),) = [each.found for each in bench.record().run.standouts]
    assert any(name.startswith("brightness") for name in found.alike)
