"""The tests of the benchmark: one per image, tier and ladder; the suites beside this file say which."""

from tierbench.plugin import Verdict


def test_case(robust_case: Verdict) -> None:
    """The image meets its thresholds."""
    robust_case.check()


def test_tier(robust_tier: Verdict) -> None:
    """The whole tier of the suite meets its pass rate."""
    robust_tier.check()


def test_ladder(robust_ladder: Verdict) -> None:
    """The model sees far enough along the ladder."""
    robust_ladder.check()


def test_regression(robust_regression: Verdict) -> None:
    """The tier got no worse than its accepted baseline."""
    robust_regression.check()


def test_slice(robust_slice: Verdict) -> None:
    """Tier 1 under a corruption is seen as well as the suite demands."""
    robust_slice.check()
