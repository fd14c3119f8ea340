"""The tests of the benchmark: the suites beside this file say which.

`test_case` is the test of an image. Where the suites have tiers, ladders or a baseline, tierbench adds a test for each,
`test_tier` and so on; a function of your own that asks for `robust_tier` takes the place of the one that it would add.
"""


def test_case(robust_case):
    """The image meets its thresholds."""
    robust_case.check()
