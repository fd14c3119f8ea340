"""Say a paired verdict in one line. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tierbench.common.schema import PairedVerdict, Slipping
from tierbench.common.text import one_line, plural
from tierbench.metrics.net_loss import MOST_GROUPS
from tierbench.runs.regression import ALPHA, LEAST_LOSS, held_back

_NAMED = 4


def verdict_place(verdict: PairedVerdict) -> str:
    """Return what a verdict is about: `photos tier 1`, `all suites`, a data set, or `weather/fog+3` of one."""
    if verdict.slice:
        return one_line(f"{verdict.suite}/{verdict.slice}")
    if verdict.tier is None:
        return one_line(verdict.suite) if verdict.suite else "all suites"
    return f"{verdict.suite} tier {verdict.tier}"


def _plainly(names: Sequence[str]) -> str:
    return ", ".join(one_line(name, 60) for name in names)


def verdict_sentence(verdict: PairedVerdict, named: Callable[[Sequence[str]], str] = _plainly) -> str:
    """Return the verdict as one line of plain language, the lost groups first.

    Args:
        verdict: the verdict.
        named: lists the names of groups.
    """
    head = f"{verdict_place(verdict)}: {verdict.state}: "
    if not verdict.cases:
        return head + ("no case that both models judged" if verdict.against else "no case to compare with the baseline")
    if verdict.lost is None or verdict.won is None:
        # A record of version 0.1.
        return head + _old(verdict)
    if verdict.state == "unchanged":
        alike = "both models predict the same of every case" if verdict.against else "every prediction is as before"
        said = f"{alike} ({plural(verdict.cases, 'case')}, {plural(verdict.groups, 'group')})"
    else:
        said = f"{_moved(verdict, named)}; {_because(verdict)}"
    slipping = verdict.slipping
    beside = f"; {slipping_sentence(slipping)}" if slipping and (slipping.low > 0 or not slipping.met) else ""
    return head + said + beside


def slipping_sentence(slipping: Slipping) -> str:
    """Return `slipping: margins fell by 0.41 typical margins (95 % +0.12 to +0.70, 60 groups)`."""
    way = "fell" if slipping.fall > 0 else "rose"
    limit = "" if slipping.most is None else f"; a fall of {figure(slipping.most)} is allowed"
    return (
        f"{'slipping: ' if slipping.low > 0 else ''}margins {way} by {abs(slipping.fall):.2f} typical margins "
        f"(95 % {slipping.low:+.2f} to {slipping.high:+.2f}, {plural(slipping.groups, 'group')}{limit})"
    )


def figure(value: float) -> str:
    """Format a value with three decimals and no trailing zeros; values that round to zero as `less than 0.001`."""
    if 0 < value < 0.0005:
        return "less than 0.001"
    return f"{value:.3f}".rstrip("0").rstrip(".")


def slices_sentence(verdicts: Sequence[PairedVerdict]) -> str:
    """Return which slices of a data set that regressed show a loss of their own, the largest loss first."""
    lost = sorted((each for each in verdicts if each.state == "regressed"), key=lambda each: (-each.drop, each.slice))
    over = f"Holm over {plural(len(verdicts), 'slice')}"
    if not lost:
        return f"no slice alone shows a loss ({over})"
    texts = [
        f"{one_line(each.slice, 60)} lost {each.lost} and won {each.won} of {plural(each.groups, 'group')}, {_p(each)}"
        for each in lost[:_NAMED]
    ]
    more = f"; and {len(lost) - _NAMED} more" if len(lost) > _NAMED else ""
    return f"{plural(len(lost), 'slice')} regressed ({over}): {'; '.join(texts)}{more}"


def _p(verdict: PairedVerdict) -> str:
    p_holm = verdict.p_holm if verdict.p_holm is not None else 1.0
    return "p < 0.001" if p_holm < 0.001 else f"p = {figure(p_holm)}"


def _old(verdict: PairedVerdict) -> str:
    way = (
        "did not change"
        if not verdict.drop
        else f"{'fell' if verdict.drop > 0 else 'rose'} by {figure(abs(verdict.drop))}"
    )
    bound = "no upper bound" if verdict.upper is None else f"95 % upper bound {figure(max(0, verdict.upper))}"
    return f"mean score {way} ({bound}); judged by the sign-flip test of version 0.1"


def _moved(verdict: PairedVerdict, named: Callable[[Sequence[str]], str]) -> str:
    lost = _counted(
        "lost", verdict.lost or 0, named(verdict.lost_groups[:_NAMED]), f" of {plural(verdict.groups, 'group')}"
    )
    won = _counted("won", verdict.won or 0, named(verdict.won_groups[:_NAMED]))
    loss = f"net loss {figure(verdict.drop)}" if verdict.drop >= 0 else f"net gain {figure(-verdict.drop)}"
    upper = verdict.upper or 0.0
    bound = f"at most {figure(upper)}" if upper > 0 else "no net loss"
    return f"{lost}, {won}; {loss} (with 95 % confidence {bound})"


def _counted(verb: str, count: int, names: str, of: str = "") -> str:
    if not count:
        return f"{verb} none{of}"
    more = f" and {count - _NAMED} more" if count > _NAMED else ""
    return f"{verb} {count}{of} ({names}{more})"


def _because(verdict: PairedVerdict) -> str:
    p_holm = verdict.p_holm if verdict.p_holm is not None else 1.0
    if verdict.state == "regressed":
        what = "slice" if verdict.slice else "tier"
        return _p(verdict) if verdict.whole else f"{_p(verdict)} (Holm over {plural(verdict.tests, what)})"
    if verdict.state == "cleared":
        return f"a net loss of {figure(verdict.allowed_drop)} is allowed"
    if held_back(verdict):
        together = "the set as a whole does" if verdict.slice else "all suites together do"
        return f"no loss is claimed here, because {together} not show one"
    return f"{_open(verdict, p_holm)}; {_settled(verdict)}"


def _open(verdict: PairedVerdict, p_holm: float) -> str:
    """Return what the sample could have shown; nothing about that where it did show something."""
    if p_holm <= ALPHA:
        return f"a net loss below {figure(LEAST_LOSS)} is not called regressed"
    if verdict.detectable is None:
        return f"{plural(verdict.groups, 'group')} could not have shown any net loss"
    groups, won = plural(verdict.groups, "group"), f" with {verdict.won} won" if verdict.won else ""
    return f"{groups}{won} could have shown a net loss of {figure(verdict.detectable)} (80 % power)"


def _settled(verdict: PairedVerdict) -> str:
    if verdict.needed is None:
        return f"no number of groups up to {MOST_GROUPS:,} would settle it at these shares"
    said = "show a loss" if verdict.needed_for == "regressed" else "clear it"
    return f"at these shares about {verdict.needed:,} groups would {said}"
