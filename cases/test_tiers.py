"""The tests of the benchmark: the suites beside this file say which.

`test_case` is the test of an image. Where the suites have tiers, ladders or a baseline, tierbench adds a test for each,
`test_tier` and so on.
"""

from tierbench.plugin import Verdict


def test_case(robust_case: Verdict) -> None:
    """The image meets its thresholds."""
    robust_case.check()
