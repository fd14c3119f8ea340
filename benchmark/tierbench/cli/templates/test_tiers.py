"""The tests of the benchmark, generated from the suites next to this file.

`test_case` tests one image. For tiers, ladders and baselines, tierbench adds tests of its own, such as `test_tier`. To
replace one of them, write a test function that requests its fixture, such as `robust_tier`.
"""


def test_case(robust_case):
    """The image meets its thresholds."""
    robust_case.check()
