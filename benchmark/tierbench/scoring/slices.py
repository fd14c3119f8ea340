"""What becomes of each slice of a sweep, and the standard figures of a whole one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from tierbench.metrics import wilson_interval
from tierbench.suites.derived import SliceGate

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class SliceResult:
    """How a model did on one corruption at one severity; plain values, as `run.json` holds them.

    Attributes:
        passed, total: derived cases that met their thresholds, of those that were judged.
        errors: how many of the judged did not rank their concept first; what corruption errors are made of.
        clean_passed: how many of the same images passed uncorrupted.
        low, high: 95 % Wilson interval of the pass rate.
        min_pass_rate, max_drop: what the suite demands; None: nothing.
    """

    suite: str
    model: str
    corruption: str
    severity: int
    passed: int
    total: int
    errors: int
    clean_passed: int
    clean_errors: int
    low: float
    high: float
    groups: int
    mean_score: float | None
    min_pass_rate: float | None = None
    max_drop: float | None = None

    @property
    def key(self) -> str:
        """`suite/fog+3`, the name of the slice in test ids."""
        return f"{self.suite}/{self.corruption}+{self.severity}"

    @property
    def rate(self) -> float:
        """Share of the judged cases that passed; 0 where none was judged."""
        return self.passed / self.total if self.total else 0.0

    @property
    def clean_rate(self) -> float:
        """The same of the uncorrupted images."""
        return self.clean_passed / self.total if self.total else 0.0

    @property
    def met(self) -> bool:
        """Whether the demands are met; without a demand always."""
        enough = self.min_pass_rate is None or self.rate >= self.min_pass_rate - 1e-9
        return enough and (self.max_drop is None or self.clean_rate - self.rate <= self.max_drop + 1e-9)

    def sentence(self) -> str:
        """`photos/fog+3: 2 of 4 passed (0.50, clean 1.00)`, with the demands where there are any."""
        demands = []
        if self.min_pass_rate is not None:
            demands.append(f"at least {self.min_pass_rate:.2f} demanded")
        if self.max_drop is not None:
            demands.append(f"a drop of {self.max_drop:.2f} allowed")
        said = f"{self.key}: {self.passed} of {self.total} passed ({self.rate:.2f}, clean {self.clean_rate:.2f})"
        return ", ".join([said, *demands])

    def as_dict(self) -> dict[str, Any]:
        """Give the fields as `run.json` holds them."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SliceResult:
        """Take the fields back; those that are None may be left out."""
        return cls(**{"mean_score": None, **values})


def summarise_slice(
    suite: str,
    model: str,
    corruption: str,
    severity: int,
    rows: Iterable[Mapping[str, Any]],
    clean: Iterable[Mapping[str, Any]],
    gate: SliceGate,
) -> SliceResult:
    """Sum up the rows of a slice (as in `scores.csv`), beside those of the same images uncorrupted."""
    judged = [row for row in rows if row["outcome"] != "skipped"]
    clean_judged = [row for row in clean if row["outcome"] != "skipped"]
    scores = [float(row["score"]) for row in judged if row.get("score") is not None]
    passed = sum(bool(row["passed"]) for row in judged)
    low, high = wilson_interval(passed, len(judged))
    return SliceResult(
        suite=suite,
        model=model,
        corruption=corruption,
        severity=severity,
        passed=passed,
        total=len(judged),
        errors=sum(row.get("rank") != 1 for row in judged),
        clean_passed=sum(bool(row["passed"]) for row in clean_judged),
        clean_errors=sum(row.get("rank") != 1 for row in clean_judged),
        low=low,
        high=high,
        groups=len({row["group"] for row in judged}),
        mean_score=sum(scores) / len(scores) if scores else None,
        min_pass_rate=gate.min_pass_rate,
        max_drop=gate.max_drop,
    )


@dataclass(frozen=True, slots=True)
class SweepSummary:
    """The standard figures of one suite's sweep under one model.

    Attributes:
        mce, relative_mce: mean corruption errors against AlexNet's (100: as bad), None unless all 15
            corruptions were run at all 5 severities.
        mean_error: plain mean of the errors over those 75, as CIFAR-10-C is reported; None likewise.
    """

    suite: str
    model: str
    mce: float | None
    relative_mce: float | None
    mean_error: float | None

    def sentence(self) -> str:
        """Say the figures, or why there are none."""
        if self.mce is None or self.mean_error is None:
            return f"{self.suite}: no mCE: it is over all 15 corruptions at all 5 severities"
        relative = "" if self.relative_mce is None else f", relative mCE {self.relative_mce:.1f}"
        # Published figures are over ImageNet's 50,000 validation images.
        return (
            f"{self.suite}: mCE {self.mce:.1f}{relative}, mean error {self.mean_error:.3f} "
            "(over these images: to compare models here, not with published figures)"
        )


def error_table(slices: Iterable[SliceResult]) -> pd.DataFrame:
    """Give errors as the corruption metrics take them: indexed by corruption, columns 1 to 5, fractions."""
    import pandas as pd

    errors: dict[int, dict[str, float]] = {}
    for result in slices:
        if result.total:
            errors.setdefault(result.severity, {})[result.corruption] = result.errors / result.total
    return pd.DataFrame(errors).sort_index(axis=1)


def summarise_sweep(suite: str, model: str, slices: Sequence[SliceResult]) -> SweepSummary:
    """Sum up all slices of a suite under a model."""
    from tierbench.corruptions import MEAN_CORRUPTIONS
    from tierbench.metrics import mean_corruption_error, mean_error, relative_mean_corruption_error

    there = {(result.corruption, result.severity) for result in slices if result.total}
    if not all((name, severity) in there for name in MEAN_CORRUPTIONS for severity in range(1, 6)):
        return SweepSummary(suite, model, None, None, None)
    errors = error_table(slices)
    clean = slices[0].clean_errors / slices[0].total
    return SweepSummary(
        suite,
        model,
        mean_corruption_error(errors),
        relative_mean_corruption_error(errors, clean),
        mean_error(errors),
    )
