"""The tests of the tiers and ladders: one per image, tier and ladder; the suites beside this file say which."""

from benchmark.plugin.fixtures import CaseCheck, LadderCheck, TierCheck


def test_case(robust_case: CaseCheck) -> None:
    """The image meets its thresholds."""
    robust_case.check()


def test_tier(robust_tier: TierCheck) -> None:
    """The whole tier of the suite meets its pass rate."""
    robust_tier.check()


def test_ladder(robust_ladder: LadderCheck) -> None:
    """The model sees far enough along the ladder."""
    robust_ladder.check()
