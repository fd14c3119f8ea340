"""With the limit of a real run, photographs of 24 MP do not pile up before a model that takes pictures."""

from __future__ import annotations

from tests.conftest import SuiteWriter
from tests.flat_colours import flat
from tierbench.models.intake import Intake
from tierbench.suites import read_suites


def test_two_photographs_wait_at_a_time(suite: SuiteWriter) -> None:
    folder = suite("file_name,label,tier\n" + "".join(f"p{number}.png,ship,1\n" for number in range(4)))
    flat("blue", (6000, 4000)).save(folder / "p0.png", compress_level=1)
    for number in range(1, 4):
        (folder / f"p{number}.png").hardlink_to(folder / "p0.png")
    ((found,), problems) = read_suites([folder])
    assert problems == []
    assert [len(batch) for batch in Intake(4).batches(found.cases)] == [2, 2]
