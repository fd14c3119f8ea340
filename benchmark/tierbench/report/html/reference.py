"""Build the view of the models that are held against a reference model: verdicts, and flips with pictures. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tierbench.common.schema import CaseRow, Flip, ReferenceComparison
from tierbench.report.html.changes import verdict_text
from tierbench.report.html.links import case_link
from tierbench.report.html.rows import picture_key
from tierbench.report.reference_text import counted, left_out


@dataclass(frozen=True, slots=True)
class FlipView:
    """A flip, with the key of its picture and the link to its case."""

    flip: Flip
    picture: str
    link: str

    @property
    def sides(self) -> tuple[tuple[bool, Sequence[tuple[str, float]], str], ...]:
        """Whether it passes, the most probable labels and the prediction: of the reference, then of the model."""
        flip = self.flip
        return (
            (not flip.gain, flip.reference_top, flip.reference_predicted),
            (flip.gain, flip.top, flip.predicted),
        )


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """A model against the reference model.

    Attributes:
        sentence: on how many cases the two differ.
        groups: the model that alone passes, its flips that are shown, and the number of all of them.
        whole: state and sentence of the verdict over all suites together; none where it was not selected.
        tiers: the same by suite and tier.
        notes: what is not counted.
    """

    model: str
    reference: str
    sentence: str
    groups: tuple[tuple[str, tuple[FlipView, ...], int], ...]
    whole: tuple[tuple[str, str], ...]
    tiers: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


def reference_view(comparison: ReferenceComparison, most: int) -> ReferenceView:
    """Build the view of a comparison.

    Args:
        comparison: of the record.
        most: maximum number of flips each way.
    """
    groups = []
    for gain, winner in ((False, comparison.reference), (True, comparison.model)):
        # The most certain answer of the one that passes comes first.
        flips = sorted(comparison.flipped(gain=gain), key=lambda flip: -abs(flip.score - flip.reference_score))
        shown = tuple(FlipView(flip, _picture(flip), case_link(flip.key, comparison.model)) for flip in flips[:most])
        groups.append((winner, shown, len(flips)))
    said = counted(comparison)
    return ReferenceView(
        model=comparison.model,
        reference=comparison.reference,
        sentence=f"{said[0].upper()}{said[1:]}.",
        groups=tuple(group for group in groups if group[2]),
        whole=tuple((each.state, verdict_text(each)) for each in comparison.verdicts if each.whole),
        tiers=tuple((each.state, verdict_text(each)) for each in comparison.verdicts if not each.whole),
        notes=tuple(left_out(comparison)),
    )


def _picture(flip: Flip) -> str:
    return picture_key(CaseRow(suite=flip.suite, case=flip.case, model="", image_sha256=flip.image_sha256))
