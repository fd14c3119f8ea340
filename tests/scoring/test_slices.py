"""Sweeps: the size at which a picture is corrupted, the seed, and the figures of slices and sweeps."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from PIL import Image

from tests.conftest import SuiteWriter
from tierbench.common.schema import CaseRow, SliceResult, SweepSummary
from tierbench.corruptions import GEOMETRIES, MEAN_CORRUPTIONS, corrupt, derive_seed, fitted
from tierbench.metrics import mean_corruption_error, relative_mean_corruption_error
from tierbench.scoring.slices import (
    error_table,
    geometry_sentence,
    slice_sentence,
    summarise_slice,
    summarise_sweep,
    sweep_sentence,
)
from tierbench.suites import Case, Suite, read_suites
from tierbench.suites.derived import SliceGate, apply_corruption, corruption_key, derive_case, open_case

ROWS = "file_name,label,tier\nwide.png,tree,1\ntall.png,tree,1\nsmall.png,tree,1\n"
SIZES = {"wide": (640, 512), "tall": (384, 768), "small": (40, 32)}


def gradient(size: tuple[int, int]) -> Image.Image:
    """Return a picture that looks different at another size."""
    return Image.linear_gradient("L").rotate(30).resize(size).convert("RGB")


@pytest.fixture
def photos(suite: SuiteWriter) -> Suite:
    """Make a suite with a picture wider than 256 px, a taller one and a small one."""
    folder = suite(ROWS, name="photos")
    for name, size in SIZES.items():
        gradient(size).save(folder / f"{name}.png")
    (read,), problems = read_suites([folder])
    assert problems == []
    return read


def derived(suite: Suite, case_id: str, corruption: str, severity: int, geometry: str = "imagenet-c") -> Case:
    (case,) = (case for case in suite.cases if case.id == case_id)
    return derive_case(suite, case, corruption, severity, geometry)


def test_the_model_gets_the_cropped_and_corrupted_picture(photos: Suite) -> None:
    for case_id, size in SIZES.items():
        case = derived(photos, case_id, "gaussian_noise", 3)
        seed = derive_seed(f"photos/{case_id}", "gaussian_noise", 3)
        assert open_case(case) == corrupt(fitted(gradient(size)), "gaussian_noise", 3, seed=seed)
        assert open_case(case).size == (224, 224)
        assert case.is_cropped
        # Without a corruption, the picture is not changed.
        (clean,) = (case for case in photos.cases if case.id == case_id)
        assert open_case(clean) == gradient(size)
        assert not clean.is_cropped


def test_in_the_whole_geometry_the_picture_is_not_cropped(photos: Suite) -> None:
    case = derived(photos, "wide", "gaussian_noise", 3, "whole")
    seed = derive_seed("photos/wide", "gaussian_noise", 3)
    assert open_case(case) == corrupt(fitted(gradient((640, 512)), "whole"), "gaussian_noise", 3, seed=seed)
    assert not case.is_cropped


def test_the_32_px_table_takes_pictures_as_they_are(photos: Suite) -> None:
    suite = replace(photos, corruptions={"variant": "cifar10_c"})
    case = derived(suite, "small", "gaussian_noise", 3)
    seed = derive_seed("photos/small", "gaussian_noise", 3)
    expected = corrupt(gradient((40, 32)), "gaussian_noise", 3, seed=seed, variant="cifar10_c")
    assert open_case(case) == expected
    assert (case.geometry, case.is_cropped) == ("unchanged", False)


def test_predictions_of_different_geometries_are_kept_apart(photos: Suite) -> None:
    keys = {corruption_key(derived(photos, "wide", "fog", 3, geometry)) for geometry in GEOMETRIES}
    assert len(keys) == 2


def noise(case: Case) -> npt.NDArray[np.float64]:
    """Return what the corruption of a case adds to a grey picture."""
    grey = Image.new("RGB", (64, 64), (128, 128, 128))
    return np.asarray(apply_corruption(grey, case), dtype=np.float64).ravel() - 128


def likeness(first: Case, second: Case) -> float:
    """Return the correlation of the noise of two cases: 1 if both use one seed, whatever their strength."""
    return float(np.corrcoef(noise(first), noise(second))[0, 1])


def test_the_same_case_gets_the_same_noise(photos: Suite) -> None:
    first, again = (noise(derived(photos, "wide", "gaussian_noise", 2)) for _ in range(2))
    assert np.array_equal(first, again)


def test_the_seed_depends_on_the_case(photos: Suite) -> None:
    case = derived(photos, "wide", "gaussian_noise", 2)
    assert abs(likeness(case, derived(photos, "tall", "gaussian_noise", 2))) < 0.1
    assert abs(likeness(case, replace(case, suite="others"))) < 0.1


def test_the_seed_depends_on_the_corruption(photos: Suite) -> None:
    # On plain grey both add normal noise, which would be the same up to a factor if they shared a seed.
    first, second = (derived(photos, "wide", name, 2) for name in ("gaussian_noise", "speckle_noise"))
    assert abs(likeness(first, second)) < 0.1


def test_the_seed_depends_on_the_severity(photos: Suite) -> None:
    first, second = (derived(photos, "wide", "gaussian_noise", severity) for severity in (1, 2))
    assert abs(likeness(first, second)) < 0.1


def row(rank: int | None, passed: bool, outcome: str = "") -> CaseRow:
    outcome = outcome or ("passed" if passed else "xfailed")
    return CaseRow(
        suite="photos", case="c", model="model", rank=rank, passed=passed, outcome=outcome, score=0.4, group="g"
    )


# Three are recognised but miss a strict min_score; one is not recognised but passes, thanks to a max_rank of 5.
CORRUPTED = [row(1, False), row(1, False), row(1, False), row(2, True)]
# All are recognised, but all miss their min_score.
CLEAN = [row(1, False)] * 4


def slice_of(corruption: str, severity: int, gate: SliceGate | None = None) -> SliceResult:
    return summarise_slice("photos", "model", corruption, severity, CORRUPTED, CLEAN, gate or SliceGate())


def test_errors_are_top_1_errors_whatever_the_thresholds() -> None:
    result = slice_of("fog", 3)
    assert (result.passed, result.total, result.errors) == (1, 4, 1)
    assert (result.clean_passed, result.clean_errors) == (0, 0)


def test_a_case_without_a_verdict_counts_as_an_error_and_a_skipped_one_does_not() -> None:
    rows = [row(1, True), row(None, False, "error"), row(None, False, "skipped")]
    result = summarise_slice("photos", "model", "fog", 3, rows, rows, SliceGate())
    assert (result.passed, result.total, result.errors, result.clean_errors) == (1, 2, 1, 1)


def test_corruption_errors_are_shares_of_top_1_errors() -> None:
    table = error_table([slice_of("fog", severity) for severity in (5, 1)])
    assert table.equals(pd.DataFrame({1: {"fog": 0.25}, 5: {"fog": 0.25}}))


def test_the_figures_of_a_sweep_use_top_1_errors() -> None:
    slices = [slice_of(name, severity) for name in MEAN_CORRUPTIONS for severity in range(1, 6)]
    summary = summarise_sweep("photos", "model", slices)
    errors = pd.DataFrame(0.25, index=list(MEAN_CORRUPTIONS), columns=range(1, 6))
    assert summary.mean_error == 0.25
    assert summary.mce == pytest.approx(mean_corruption_error(errors))
    assert summary.relative_mce == pytest.approx(relative_mean_corruption_error(errors, 0.0))


@pytest.mark.parametrize(
    ("geometry", "cropped_again", "said"),
    [
        ("imagenet-c", True, "imagenet-c (shortest edge 256, central 224 × 224), then the model's own resize and crop"),
        ("whole", True, "whole (whole pictures, shortest edge at most 256), then the model's own resize and crop"),
        ("unchanged", True, "unchanged (pictures as they are, for the 32-px table), then the model's own"),
        ("", False, "not recorded (version 0.1: whole pictures), then the model's own resize and crop"),
    ],
)
def test_only_the_published_geometry_has_an_mce(geometry: str, cropped_again: bool, said: str) -> None:
    fields = {"geometry": geometry, "cropped_again": cropped_again}
    slices = [
        replace(slice_of(name, severity), **fields)  # type: ignore[arg-type]  # fields of two types
        for name in MEAN_CORRUPTIONS
        for severity in range(1, 6)
    ]
    summary = summarise_sweep("photos", "model", slices)
    assert (summary.mce, summary.relative_mce, summary.mean_error) == (None, None, 0.25)
    assert sweep_sentence(summary) == (
        "photos: mean error 0.250 over 15 corruptions at 5 severities "
        "(no mCE: it is defined for the geometry of ImageNet-C)"
    )
    assert geometry_sentence(summary).startswith(f"geometry: {said}")
    assert geometry_sentence(summary).endswith(": another protocol than ImageNet-C's")
    # Nor has the record of an older version, which has the figure.
    assert "no mCE" in sweep_sentence(replace(summary, mce=71.2))


@pytest.mark.parametrize(
    ("size", "said"),
    [((), ""), ((224, 224), ""), ((299, 299), ", resized to the model's input of 299 × 299")],
)
def test_another_input_size_is_said(size: tuple[int, ...], said: str) -> None:
    summary = summarise_sweep("photos", "model", [slice_of("fog", 1)], size)
    assert geometry_sentence(summary) == f"geometry: imagenet-c (shortest edge 256, central 224 × 224){said}"


def test_rounding_does_not_fail_a_limit_that_is_just_met() -> None:
    result = replace(slice_of("fog", 3), total=10, clean_passed=9, passed=6, max_drop=0.3)
    assert result.clean_rate - result.rate > 0.3  # because of rounding
    assert result.met
    assert not replace(result, passed=5).met


@pytest.mark.parametrize(
    ("demands", "said"),
    [
        ((None, None), []),
        ((0.61, None), ["0.61"]),
        ((None, 0.17), ["0.17"]),
        ((0.61, 0.17), ["0.61", "0.17"]),
    ],
)
def test_the_sentence_of_a_slice_says_each_demand(demands: tuple[float | None, float | None], said: list[str]) -> None:
    result = replace(slice_of("fog", 3), min_pass_rate=demands[0], max_drop=demands[1])
    counts, *rest = slice_sentence(result).split("), ")
    assert counts.startswith("photos/fog+3: ")
    assert re.findall(r"0\.\d\d", "".join(rest)) == said


def test_the_sentence_of_a_sweep_says_the_figures_that_there_are() -> None:
    whole = SweepSummary(
        suite="photos", model="model", mce=71.25, relative_mce=98.75, mean_error=0.5, geometry="imagenet-c"
    )
    assert re.findall(r"\d+\.\d+", sweep_sentence(whole)) == ["71.2", "98.8", "0.500"]
    assert re.findall(r"\d+\.\d+", sweep_sentence(replace(whole, relative_mce=None))) == ["71.2", "0.500"]
    assert re.findall(r"\d+\.\d+", sweep_sentence(replace(whole, mean_error=None))) == []
