"""The results on data sets as text: terminal, tables for papers, and the record for a leaderboard."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from tests.set_rows import MADE_WITH, SWEEP, error_row, set_row, sweep_rows, table
from tierbench.common.schema import SetResult, SetSlice
from tierbench.report.set_record import model_record
from tierbench.report.set_table import figures_table, latex
from tierbench.report.set_tables_text import detail_lines
from tierbench.report.set_text import set_lines, sets_lines
from tierbench.scoring.set_details import detail_set
from tierbench.scoring.set_figures import summarise_set

HOSTILE = "<img src=x>|`a`\n##[error] \u202e"


def photos() -> SetResult:
    rows = [set_row(f"p{number}", predicted="dog" if number < 3 else "cat") for number in range(10)]
    return summarise_set(table([*rows, error_row("q")]), {**MADE_WITH, "size": 11})


def test_a_set_is_a_sentence_with_protocol_and_notes() -> None:
    assert set_lines(photos()) == [
        "photos (class folders): 11 pictures, accuracy 0.700 [0.397, 0.892] on 10 of them, ECE 0.050, 1 error",
        "  the model's own resize and crop",
        "  all 10 labels of the model count, for 2 classes",
        "  1 picture of 11 without a prediction, left out of all figures: q (is damaged)",
    ]


def test_slices_have_errors_drop_and_calibration() -> None:
    rows = [set_row(f"c{number}", slice="clean") for number in range(8)]
    rows += [set_row(f"n{number}", slice="night", predicted="dog" if number < 2 else "cat") for number in range(8)]
    result = summarise_set(table(rows), {**MADE_WITH, "clean": "clean"})
    head, clean, night = set_lines(result, every=True)[1:4]
    assert head.split() == ["slice", "pictures", "errors", "accuracy", "95", "%", "interval", "drop", "ECE"]
    assert clean.split() == ["clean", "8", "0", "1.0000", "[0.676,", "1.000]", "0.250"]
    assert night.split() == ["night", "8", "0", "0.7500", "[0.409,", "0.929]", "+0.2500", "0.000"]


def test_corruptions_are_a_table_by_severity_with_the_published_figures() -> None:
    result = summarise_set(table(sweep_rows(10, wrong=1)), SWEEP)
    lines = set_lines(result)
    assert "  accuracy by severity  1      2      3      4      5" in lines
    assert "  fog                   0.900  0.800  0.700  0.600  0.500" in lines
    (figures,) = [line for line in lines if line.startswith("  mCE")]
    assert result.mce is not None
    assert result.mce_interval is not None
    assert figures.startswith("  mCE {:.1f} [{:.1f}, {:.1f}], relative mCE ".format(result.mce, *result.mce_interval))
    assert ", mean error 0.300 [" in figures
    assert figures.endswith("] (10 pictures a slice, 10 originals)")


def test_a_missing_severity_is_a_dash() -> None:
    rows = [row for row in sweep_rows(6) if row.slice != "fog+4"]
    lines = set_lines(summarise_set(table(rows), SWEEP))
    (fog,) = [line for line in lines if line.startswith("  fog")]
    assert fog.split()[4] == "–"
    assert any("no mCE" in line and "fog+4" in line for line in lines)


def test_a_warning_stands_first_and_is_not_indented() -> None:
    rows = [set_row(f"p{number}", predicted="dog") for number in range(60)]
    lines = set_lines(summarise_set(table(rows), MADE_WITH))
    assert lines[1].startswith(
        "WARNING: photos: accuracy 0.0000 is below chance (0.1000): check the order of the model's labels"
    )


def test_many_slices_are_cut_to_the_worst() -> None:
    rows = [
        set_row(f"{place}/{number}", slice=f"s{place:02}", predicted="dog" if number < place % 7 else "cat")
        for place in range(50)
        for number in range(7)
    ]
    result = summarise_set(table(rows), MADE_WITH)
    lines = set_lines(result, every=True)
    assert "  the worst slices; 10 more are in the report" in lines
    assert lines[2].startswith("  s06")
    # In the summary of a run there is no table of them.
    assert set_lines(result)[1] == "  lowest of 50 slices: s06 0.143, s13 0.143, s20 0.143"
    measured = replace(result, clean="s00")
    assert set_lines(measured)[1] == "  lowest of 50 slices: s06 0.143, s13 0.143, s20 0.143; s00 1.000"


def test_effective_robustness_stands_beside_the_accuracy() -> None:
    whole = SetSlice(total=50_000, correct=38_000, classes=1000)
    imagenet = SetResult(set="imagenet", model="m", size=50_000, whole=whole)
    sketch = replace(imagenet, set="imagenet-sketch", size=50_889, whole=replace(whole, total=50_889, correct=15_000))
    lines = sets_lines([imagenet, sketch])
    assert any(
        line.startswith(
            "  effective robustness +0.0516: models with accuracy 0.7600 on ImageNet (imagenet) have 0.2431"
        )
        for line in lines
    )
    assert not any("effective robustness" in line for line in set_lines(sketch, [sketch]))
    shown = figures_table([imagenet, sketch], "markdown")
    assert "| `m` | 76.0 | 29.5 | +5.2 |" in shown


def test_details_name_classes_confusions_and_pictures() -> None:
    rows = [set_row(f"p{number}", predicted="dog" if number < 3 else "cat") for number in range(10)]
    lines = detail_lines(detail_set(table(rows)))
    assert lines[2].split() == ["cat", "7/10", "0.700", "[0.40,", "0.89]", "dog", "3"]
    assert any(line.split() == ["cat", "dog", "3"] for line in lines)
    assert any(line.split() == ["p0", "cat", "dog", "0.750"] for line in lines)


def test_details_give_the_name_of_a_wordnet_id() -> None:
    rows = [set_row("p", label="n02930766", predicted="minivan")]
    lines = [" ".join(line.split()) for line in detail_lines(detail_set(table(rows)))]
    assert "n02930766 cab 0/1 0.000 [0.00, 0.79] minivan 1" in lines
    assert "n02930766 cab minivan 1" in lines
    assert "p n02930766 cab minivan 0.750" in lines


def test_text_of_a_set_cannot_break_out() -> None:
    made = {**MADE_WITH, "set": HOSTILE, "model": HOSTILE, "title": HOSTILE, "notes": [HOSTILE], "protocol": [HOSTILE]}
    rows = [set_row(HOSTILE, HOSTILE, f"x{HOSTILE}", slice=HOSTILE), set_row("b", slice="b")]
    result = summarise_set(table(rows), made)
    lines = [*set_lines(result, [result]), *detail_lines(detail_set(table(rows)))]
    lines += figures_table([result], "latex").splitlines() + figures_table([result], "markdown").splitlines()
    for line in lines:
        assert "\u202e" not in line
        assert "##[" not in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b & 5 %", r"a\_b \& 5 \%"),
        ("\\x{}", r"\textbackslash{}x\{\}"),
        ("a^b~c ↑", r"a\textasciicircum{}b\textasciitilde{}c $\uparrow$"),
    ],
)
def test_latex_obeys_no_text(text: str, shown: str) -> None:
    assert latex(text) == shown


def test_a_table_has_a_row_for_each_model_and_a_column_for_each_figure() -> None:
    first = photos()
    sweep = summarise_set(table(sweep_rows(10, wrong=1)), SWEEP)
    other = replace(first, model="other_model", notes=())
    shown = figures_table([first, sweep, other], "latex").splitlines()
    assert "model & photos & imagenet-c & imagenet-c \\\\" in shown
    assert " & accuracy, \\% $\\uparrow$ & mCE $\\downarrow$ & relative mCE $\\downarrow$ \\\\" in shown
    (row,) = [line for line in shown if line.startswith("other")]
    assert row == "other\\_model & 70.0 [39.7, 89.2] & -- & -- \\\\"
    # Everything that the figures depend on stands in comments.
    assert any(line.startswith("% photos with model: 1 picture of 11 without") for line in shown)


def test_a_remark_on_all_models_of_a_table_is_made_once() -> None:
    first = replace(photos(), notes=("a note",))
    other = replace(first, model="other", protocol=("another crop",))
    for results, names in (([first], [""]), ([first, other], ["", " with model", " with other"])):
        shown = [line for line in figures_table(results, "latex").splitlines() if line.startswith("% photos")]
        assert [line for line in shown if "a note" in line] == ["% photos: a note"]
        assert [line.partition(":")[0].removeprefix("% photos") for line in shown if "pictures" in line] == names[-2:]


def test_the_record_has_all_that_a_leaderboard_needs() -> None:
    sweep = summarise_set(table(sweep_rows(10, wrong=1)), SWEEP)
    made = model_record(
        [sweep], name="m", spec="hf/m", fingerprint="f", versions={"torch": "2"}, made="2026-11-26T00:00:00Z"
    )
    read = json.loads(json.dumps(made))
    assert (read["format"], read["version"]) == ("tierbench set record", 1)
    assert read["model"] == {"name": "m", "spec": "hf/m", "fingerprint": "f"}
    (one,) = read["sets"]
    assert (one["set"], one["digest"], one["n"], one["complete"]) == ("imagenet-c", "0123456789abcdef", 760, True)
    assert one["mce"] == sweep.mce
    assert one["slices"]["fog+1"]["accuracy"] == 0.9
    assert one["protocol"] == list(sweep.protocol)
