"""The tests of the tiers: one per image, one per tier; the suites beside this file say which."""

from benchmark.plugin.fixtures import CaseCheck, TierCheck


def test_case(robust_case: CaseCheck) -> None:
    """The image meets its thresholds."""
    robust_case.check()


def test_tier(robust_tier: TierCheck) -> None:
    """The whole tier of the suite meets its pass rate."""
    robust_tier.check()
