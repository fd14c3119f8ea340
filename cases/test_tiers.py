"""The tests of the benchmark, generated from the suites next to this file.

`test_case` tests one image. For tiers, ladders and baselines, tierbench adds tests of its own, such as `test_tier`.
"""

from tierbench.plugin import Verdict


def test_case(robust_case: Verdict) -> None:
    """The image meets its thresholds."""
    robust_case.check()
