"""Our corruptions agree with figures of the published ones, which tools/published_corruptions.py wrote."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from tierbench.corruptions import CORRUPTIONS, SEEDLESS, SEVERITIES, VARIANTS, corrupt

from .photographs import NAMES, SIDES, photograph

HERE = Path(__file__).parent
EXPECTED_CHANGE = json.loads((HERE / "expected_change.json").read_text(encoding="utf-8"))
EXPECTED_VALUES = json.loads((HERE / "expected_values.json").read_text(encoding="utf-8"))

# Enough draws for their mean to be within about 3 % of the expected value.
DRAWS = {
    "imagenet_c": {"spatter": 50, "frost": 40, "elastic_transform": 25, "fog": 20, "motion_blur": 8},
    "cifar10_c": dict.fromkeys(CORRUPTIONS, 60) | {"spatter": 100},
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_mean_change_agrees_with_the_published_one(name: str, variant: str) -> None:
    draws = 1 if name in SEEDLESS else DRAWS[variant].get(name, 3)
    side = SIDES[variant]
    changes = [
        np.mean(
            [
                np.abs(
                    corrupt(photograph(photo, side), name, severity, seed=(draw, number), variant=variant)
                    - photograph(photo, side).astype(np.float64)
                ).mean()
                for draw in range(draws)
                for number, photo in enumerate(NAMES)
            ]
        )
        for severity in SEVERITIES
    ]
    # Frost uses textures of our own.
    tolerance = 0.25 if name == "frost" else 0.10
    assert changes == pytest.approx(EXPECTED_CHANGE[variant][name], rel=tolerance)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", sorted(SEEDLESS))
def test_the_values_of_seedless_corruptions_agree_with_the_published_ones(name: str, variant: str) -> None:
    clean = photograph(NAMES[0], SIDES[variant])
    for severity, expected in zip(SEVERITIES, EXPECTED_VALUES[variant][name], strict=True):
        values = corrupt(clean, name, severity, seed=0, variant=variant).ravel()
        places = np.random.default_rng(0).integers(values.size, size=len(expected))
        assert np.abs(values[places].astype(int) - expected).max() <= 1


def test_the_figures_cover_every_published_corruption() -> None:
    for variant in VARIANTS:
        assert tuple(EXPECTED_CHANGE[variant]) == CORRUPTIONS
        assert set(EXPECTED_VALUES[variant]) == SEEDLESS
