"""Which pictures of a data set a run predicts: all, those of a shard, a sample, or until its gates are decided."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.shard import Shard
from tierbench.common.text import one_line
from tierbench.runs.set_stopping import Stopping
from tierbench.suites.datasets import DataSet, Sample, choose_where, draw_sample


@dataclass(frozen=True)
class SetSelection:
    """The pictures of a set that a run predicts; a shard of a sample has its part of the sample.

    Attributes:
        shard: the part of one of several machines; None: of all.
        sample: size of the stratified sample; 0: no sample.
        seed: of the sample.
        stopping: when the run may stop; None: at the end.
    """

    shard: Shard | None = None
    sample: int = 0
    seed: int = 0
    stopping: Stopping | None = None

    def of(self, data_set: DataSet) -> Sequence[Sample]:
        """Return the pictures of a set."""
        samples = draw_sample(data_set.samples, self.sample, seed=self.seed) if self.sample else data_set.samples
        if self.shard is None:
            return samples
        shard = self.shard
        return choose_where(samples, lambda sample: shard.has(f"{data_set.name}/{sample.id}"))

    def noted(self, data_set: DataSet, samples: Sequence[Sample]) -> dict[str, Any]:
        """Return what figures must say of the part, for the file beside the results; empty for a whole set.

        Args:
            data_set: the set.
            samples: what `of` returned.
        """
        noted: dict[str, Any] = {}
        if self.sample and self.sample < len(data_set.samples):
            noted |= {"sample": self.sample, "seed": self.seed}
        if self.shard is not None:
            noted |= {"shard": [self.shard.number, self.shard.of]}
        if self.stopping is not None:
            sizes = dict(sorted(Counter(sample.slice for sample in samples).items()))
            gates, alpha = dict(sorted(self.stopping.gates.items())), self.stopping.alpha
            noted |= {"stop_when": {"gates": gates, "alpha": alpha, "sizes": sizes, "seed": self.stopping.seed}}
            if self.stopping.entire:
                noted["stop_when"]["entire"] = sorted(self.stopping.entire)
        return noted | {"pictures": len(samples)} if noted else {}


def parse_selection(
    *, shard: str = "", sample: int = 0, seed: int = 0, stop_when: str = "", least: float | None = None, alpha: float
) -> SetSelection:
    """Return the selection that the options of `tierbench evaluate` ask for.

    Args:
        shard: `i/N`; empty: no shard.
        sample, seed: of the sample; 0: no sample.
        stop_when: `decided`, or empty.
        least: the accuracy that is asked for; None: none is.
        alpha: the error rate of a run that may stop.

    Raises:
        UserError: a line for each option that cannot be used.
    """
    problems: list[str] = []
    part = None
    if shard:
        try:
            part = Shard.parse(shard, "--shard")
        except UserError as error:
            problems += error.lines
    if least is not None and part is not None:
        problems.append("--min-accuracy: a shard is not judged; give it to `tierbench merge`")
    if not stop_when:
        if problems:
            raise UserError(*problems)
        return SetSelection(part, sample, seed)
    if stop_when != "decided":
        problems.append(f"--stop-when {one_line(stop_when, 60)!r} is unknown; write decided")
    if least is None:
        problems.append("--stop-when decided: there is nothing to decide; add --min-accuracy")
    if shard:
        problems.append("--stop-when decided: a shard cannot know what the others have seen; leave out --shard")
    if sample:
        problems.append("--stop-when decided draws its own sample, as large as it needs; leave out --sample")
    if not 0 < alpha < 1:
        problems.append(f"--error-rate {alpha:g} must lie between 0 and 1")
    if problems or least is None:
        raise UserError(*problems)
    return SetSelection(stopping=Stopping({"": least}, alpha=alpha, seed=seed))
