"""List the kinds of tests.

To add a kind, add a class to `KINDS`: selection, collection, fixtures, record and summary iterate over it.
"""

from __future__ import annotations

from tierbench.plugin.baseline_checks import BaselineCheck, LevelCheck, RegressionCheck
from tierbench.plugin.check import Check
from tierbench.plugin.checks import (
    AbsenceCheck,
    CaseCheck,
    LadderCheck,
    MetricCheck,
    SliceCheck,
    TierCheck,
)
from tierbench.plugin.reference_check import AgainstCheck
from tierbench.plugin.set_checks import SetCheck, SetSliceCheck

KINDS: dict[str, type[Check]] = {
    kind.kind: kind
    for kind in (
        CaseCheck,
        TierCheck,
        AbsenceCheck,
        LadderCheck,
        LevelCheck,
        RegressionCheck,
        AgainstCheck,
        BaselineCheck,
        SliceCheck,
        MetricCheck,
        SetCheck,
        SetSliceCheck,
    )
}
# Name of a test function, without `test_` → the kinds that are its parameters.
TESTS: dict[str, tuple[type[Check], ...]] = {
    name: tuple(kind for kind in KINDS.values() if name == (kind.test or kind.kind))
    for name in dict.fromkeys(kind.test or kind.kind for kind in KINDS.values())
}
