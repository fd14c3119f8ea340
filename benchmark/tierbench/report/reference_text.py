"""Format how the models of a run compare with their reference model, for the terminal. Pure."""

from __future__ import annotations

from tierbench.common.schema import Flip, ReferenceComparison
from tierbench.common.text import listed, one_line, plural

# Maximum number of flips each way in the terminal, and of cases that are not counted; the report has all.
_MOST = 10


def reference_lines(comparison: ReferenceComparison) -> list[str]:
    """Return how a model compares with the reference model: verdicts, flips by name, and what is not counted."""
    # Imported here, because few runs have a reference model.
    from tierbench.runs.regression_text import verdict_sentence

    reference, model = one_line(comparison.reference, 60), one_line(comparison.model, 60)
    lines = [f"{model} against {reference} (the reference model): {counted(comparison)}"]
    lines += [f"  {one_line(verdict_sentence(verdict), 700)}" for verdict in comparison.verdicts]
    for gain, winner, loser in ((False, reference, model), (True, model, reference)):
        flips = comparison.flipped(gain=gain)
        lines += [f"  only {winner} passes {_flip_text(flip, loser)}" for flip in flips[:_MOST]]
        if len(flips) > _MOST:
            lines.append(f"  and {len(flips) - _MOST} more that only {winner} passes")
    return lines + [f"  {one_line(note, 700)}" for note in left_out(comparison)]


def counted(comparison: ReferenceComparison) -> str:
    """Return `of 96 cases, 9 pass only under reference and 3 only under mobile`."""
    lost, won = (len(comparison.flipped(gain=gain)) for gain in (False, True))
    if not lost and not won:
        return f"both pass and miss the same of {plural(comparison.cases, 'case')}"
    return (
        f"of {plural(comparison.cases, 'case')}, {lost} pass only under {one_line(comparison.reference, 60)} "
        f"and {won} only under {one_line(comparison.model, 60)}"
    )


def left_out(comparison: ReferenceComparison) -> list[str]:
    """Return a sentence for the cases that have an error, and one for those that one model has no label for."""
    said = []
    if errors := comparison.errors:
        said.append(f"not counted, an error under one of the two models: {listed(errors, _MOST)}")
    if unshared := len(comparison.unshared):
        said.append(f"not counted, no label for it or unscored under one of the two models: {plural(unshared, 'case')}")
    return said


def _flip_text(flip: Flip, loser: str) -> str:
    seen = flip.reference_predicted if flip.gain else flip.predicted
    return (
        f"{one_line(flip.key)} [tier {flip.tier}]: {one_line(flip.expected.replace('|', ' or '), 80)} "
        f"{flip.reference_score:.3f} → {flip.score:.3f}, {loser} saw {one_line(seen, 80)}"
    )
