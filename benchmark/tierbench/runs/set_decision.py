"""Decide about the tests of a data set and of its slices. Pure."""

from __future__ import annotations

from tierbench.common.schema import SetResult, SetSlice
from tierbench.common.text import listed, one_line, plural
from tierbench.runs.decision import PASS, Decision
from tierbench.scoring.set_demands import demand_sentences, unjudged_text


def decide_set(result: SetResult, *, gate: str, missing_cases: str, updating: bool) -> Decision:
    """Decide about a set: its demands, the verdict against the accepted results, and the pictures that it lost.

    Args:
        result: on the whole set.
        gate: what the user chose; under `thresholds` the verdict is only reported.
        missing_cases: `report`: pictures that the set lost are no failure.
        updating: whether this run becomes the baseline.
    """
    problems = _problems(result.whole)
    if gate != "thresholds" and not updating:
        problems += _against_accepted(result)
    if result.missing and missing_cases != "report" and not updating:
        problems.append(missing_sentence(result))
    return _decided(result.set, problems, updating=updating)


def decide_slice_of_set(result: SetResult, name: str, *, demanded: bool, updating: bool) -> Decision:
    """Decide about a slice of a set: its demands.

    Args:
        result: on the slice.
        name: of the slice.
        demanded: whether anything is demanded of it.
        updating: whether this run becomes the baseline.
    """
    own = result.slice(name)
    if own is None and not demanded:
        # As in a run that stopped: there was nothing to decide.
        return Decision("skip", f"{result.set}/{name}: nothing is demanded of it, and no picture of it was predicted")
    problems = ["no picture of it was predicted"] if own is None else _problems(own)
    return _decided(f"{result.set}/{name}", problems, updating=updating)


def missing_sentence(result: SetResult) -> str:
    """Return which pictures of the accepted results the set lacks."""
    more = result.missing - len(result.missing_named)
    named = listed(result.missing_named, 3 if not more else len(result.missing_named))
    return f"{plural(result.missing, 'picture')} of {result.baseline} missing: {named}" + (
        f" and {more:,} more" if more else ""
    )


def _problems(own: SetSlice) -> list[str]:
    if not own.judged:
        return [f"none of {plural(own.total, 'picture')} has a prediction"]
    return demand_sentences(own)


def _against_accepted(result: SetResult) -> list[str]:
    # Imported here, because a run without a baseline has no verdict.
    from tierbench.runs.regression_text import slices_sentence, verdict_sentence

    if result.verdict is None:
        return []
    if result.verdict.state == "regressed":
        said = [one_line(verdict_sentence(result.verdict), 700).removeprefix(f"{result.set}: ")]
        return said + [slices_sentence(result.slice_verdicts)] * bool(result.slice_verdicts)
    if result.undetermined:
        count = unjudged_text(result.whole)
        return [f"whether it regressed is not determined: of {plural(result.whole.total, 'picture')}, {count}"]
    return []


def _decided(name: str, problems: list[str], *, updating: bool) -> Decision:
    if not problems:
        return PASS
    message = f"{name}: {'; '.join(problems)}"
    return Decision("xfail", f"accepted into the baseline: {message}") if updating else Decision("fail", message)
