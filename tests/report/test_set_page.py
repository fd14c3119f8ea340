"""Data sets in the report: figures, slices, curves, classes, confusions and worst pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.runs.records import model
from tests.set_rows import MADE_WITH, SWEEP, set_row, sweep_rows
from tierbench.common.errors import UserError
from tierbench.common.schema import Run, SetDemand, SetResult, SetSlice
from tierbench.report.html.report_page import ReportParts, render_report
from tierbench.report.html.sets import OpenSet, set_views
from tierbench.runs.set_parts import SetParts
from tierbench.runs.set_results import read_stored
from tierbench.scoring.set_scores import SetRow
from tierbench.suites.datasets import DataSet, FileSource, Layout, Sample

HOSTILE = '<img src=x onerror="x">'


def stored(home: Path, rows: Sequence[SetRow], **made: Any) -> SetResult:
    """Write result files as a run does; return the result that its record has."""
    about = {**MADE_WITH, **made}
    name = f"sets/{about['set']}/model"
    parts = SetParts(home / name)
    parts.open(about)
    parts.write(rows)
    return read_stored(home / name, name).result


def run_of(*results: SetResult) -> Run:
    only = model("model", level=None, of=0, level_text="level not determined")
    return Run(
        complete=True, started="2026-11-26T03:17:00Z", duration_s=1, models=(only,), tiers=(), sets=tuple(results)
    )


def page(run: Run, folder: Path | None, open_set: OpenSet | None = None) -> str:
    parts = ReportParts(run=run, rows=(), views=(), suites=(), cases={}, cards={}, folder=folder, open_set=open_set)
    return render_report(parts, None).html


def photos(wrong: int = 3) -> list[SetRow]:
    return [set_row(f"cat/{number}.png", predicted="dog" if number < wrong else "cat") for number in range(10)]


def test_a_set_shows_its_figures_classes_and_confusions(tmp_path: Path) -> None:
    html = page(run_of(stored(tmp_path, photos())), tmp_path)
    assert "<b>70.0 %</b>" in html
    assert "39.7 – 89.2" in html
    assert "accuracy on <bdi>photos</bdi>" in html
    assert "<bdi>the model&#39;s own resize and crop</bdi>" in html
    assert "<td>7/10</td>" in html
    assert '<bdi>dog</bdi> <span class="tb-quiet">3</span>' in html
    assert "3 wrong" in html


def test_corruptions_are_curves_from_clean_to_severity_5(tmp_path: Path) -> None:
    result = stored(tmp_path, sweep_rows(10, wrong=1), **SWEEP)
    (view,) = set_views(run_of(result), tmp_path)["model"]
    assert [each.name for each in view.corruptions][:2] == ["gaussian_noise", "shot_noise"]
    fog = next(each for each in view.corruptions if each.name == "fog")
    assert [point.rate for point in fog.points] == pytest.approx([1.0, 0.9, 0.8, 0.7, 0.6, 0.5])
    assert fog.points[2].text == "severity 2: 8 of 10 correct"
    assert fog.met is None
    html = page(run_of(result), tmp_path)
    assert 'aria-label="fog: accuracies 1.00 0.90 0.80 0.70 0.60 0.50 "' in html
    assert "<dt>mCE</dt>" in html
    assert "10 pictures a slice, 10 originals" in html


def test_corruptions_are_in_a_table_with_their_errors(tmp_path: Path) -> None:
    result = stored(tmp_path, sweep_rows(10, wrong=1), **SWEEP)
    (view,) = set_views(run_of(result), tmp_path)["model"]
    fog = next(each for each in view.severities if each.name == "fog")
    # Errors of 0.1 to 0.5; AlexNet's mean is 0.819324.
    assert fog.error == pytest.approx(100 * 0.3 / 0.819324)
    errors = [each.error for each in view.severities if each.error is not None]
    assert result.mce == pytest.approx(sum(errors) / 15)
    html = page(run_of(result), tmp_path)
    row = "<bdi>fog</bdi></th><td>90.0</td><td>80.0</td><td>70.0</td><td>60.0</td><td>50.0</td><td>36.6</td>"
    assert row in html
    assert "<dt>clean accuracy</dt><dd><b>100.0\N{NO-BREAK SPACE}%</b>" in html
    assert f'<p class="tb-level-text">{result.mce:.1f}</p>' in html
    # Without all 75 slices there is no mCE, and no error beside it.
    part = replace(result, slices=result.slices[:4], mce=None)
    html = page(run_of(part), tmp_path)
    assert "of AlexNet" not in html
    assert "accuracy on <bdi>imagenet-c</bdi>" in html


def test_effective_robustness_is_a_figure(tmp_path: Path) -> None:
    sketch, clean = (
        replace(stored(tmp_path, photos(), set=name), size=size, whole=SetSlice(total=size, correct=hits, classes=1000))
        for name, size, hits in (("imagenet-sketch", 50_889, 15_000), ("imagenet", 50_000, 38_000))
    )
    html = page(run_of(sketch, clean), tmp_path)
    assert html.count("<dt>effective robustness</dt><dd><b>+5.2\N{NO-BREAK SPACE}points</b>") == 1


def test_models_of_data_sets_alone_are_not_ranked_by_tiers(tmp_path: Path) -> None:
    run = run_of(stored(tmp_path, photos()))
    several = replace(run, models=(*run.models, replace(run.models[0], name="other")))
    assert "tb-matrix-title" not in page(several, tmp_path)
    assert "tb-matrix-title" in page(replace(several, sets=()), tmp_path)


def test_slices_have_a_drop_and_what_is_demanded(tmp_path: Path) -> None:
    rows = [replace(row, id=f"{place}/{row.id}", slice=place) for place in ("day", "night") for row in photos(6)]
    result = stored(tmp_path, [row for row in rows if row.slice == "night" or row.correct], clean="day")
    demand = SetDemand(figure="accuracy", limit=0.9, value=0.4, met=False)
    day, night = result.slices
    result = replace(result, slices=(day, replace(night, demands=(demand,))))
    (view,) = set_views(run_of(result), tmp_path)["model"]
    assert [(each.result.slice, each.state) for each in view.slices] == [("day", ""), ("night", "missed")]
    assert view.slices[1].drop == pytest.approx(0.6)
    assert "night: accuracy 0.4 is below 0.9 (4 of 10 pictures) ✗" in view.details


def test_a_warning_is_set_apart(tmp_path: Path) -> None:
    result = stored(tmp_path, [set_row(f"p{number}", predicted="dog") for number in range(60)])
    html = page(run_of(result), tmp_path)
    assert '<p class="tb-warning"><b>! Warning:</b> <bdi>accuracy 0.0000 is below chance (0.1000)' in html


def test_worst_pictures_are_shown_where_the_set_is_there(tmp_path: Path) -> None:
    result = stored(tmp_path, photos())
    samples = []
    for row in photos():
        file = tmp_path / "data" / row.id
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), "red").save(file)
        samples.append(Sample(row.id, "", row.label, FileSource(tmp_path / "data", row.id)))
    # One of the three is gone by now.
    (tmp_path / "data" / "cat" / "1.png").unlink()
    data_set = DataSet("photos", "imagefolder:photos", Layout("class folders"), samples)
    html = page(run_of(result), tmp_path, lambda name: data_set)
    assert html.count('<script type="text/plain" data-picture="set-') == 2
    assert html.count('data-large="set-') == 3


def test_a_set_that_is_gone_has_no_pictures(tmp_path: Path) -> None:
    def gone(name: str) -> DataSet:
        raise UserError(f"{name} is gone")

    html = page(run_of(stored(tmp_path, photos())), tmp_path, gone)
    assert 'data-picture="set-' not in html
    assert 'data-large="set-' not in html
    assert "3 wrong" in html
    assert html.count("Without pictures: <bdi>photos is gone</bdi>.") == 1


def test_without_result_files_the_figures_of_the_record_are_shown(tmp_path: Path) -> None:
    result = stored(tmp_path, photos())
    for folder, said in ((None, "there are no result files"), (tmp_path / "elsewhere", "cannot be read")):
        html = page(run_of(result), folder)
        assert "<b>70.0 %</b>" in html
        assert "No classes, confusions and pictures: <bdi>" in html
        assert said in html


def test_text_of_a_set_is_escaped(tmp_path: Path) -> None:
    rows = [set_row(f"{HOSTILE}{number}", HOSTILE, f"{HOSTILE}x", slice=f"{HOSTILE}+{number}") for number in range(3)]
    rows += [set_row("other", HOSTILE, slice=HOSTILE)]
    result = stored(tmp_path, rows, title=HOSTILE, notes=[HOSTILE], protocol=[HOSTILE])
    result = replace(result, set=HOSTILE, warnings=(HOSTILE,))
    html = page(run_of(result), tmp_path)
    assert "&lt;img src=x" in html
    assert "<img src=x" not in html
