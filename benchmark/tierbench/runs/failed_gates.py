"""Say in a few words which gates of a run failed. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tierbench.common.schema import FailedTest, Run
from tierbench.common.text import listed, one_line, plural

_NAMED = 3


def gate_phrases(run: Run, model: str, failed: Sequence[FailedTest]) -> list[str]:
    """Return a phrase for each kind of gate that failed under a model.

    Args:
        run: the run.
        model: name of the model.
        failed: the gates that failed, without the tests of single cases.
    """
    by_kind: dict[str, list[str]] = {}
    for test in failed:
        by_kind.setdefault("error" if test.error else test.kind, []).append(test.name)
    if _level_fell(run, model):
        # The level is said before; the tiers that it fell by need no word of their own.
        for kind in ("level", "tier"):
            by_kind.pop(kind, None)
    by_kind["tier"] = [name for name in by_kind.get("tier", ()) if name not in by_kind.get("level", ())]
    known = {kind: say(run, model, names) for kind, say in _SAY.items() if (names := by_kind.pop(kind, None))}
    return [*known.values(), *(_short(kind, names) for kind, names in by_kind.items() if names)]


def _level_fell(run: Run, model: str) -> bool:
    return any(each.fell and each.tier is None for each in run.levels if each.model == model)


def _tiers(run: Run, names: Sequence[str]) -> str:
    """Return `tier 1 of vehicles and 2 more tiers`; the suite is named where the run has several."""
    suite, _, tier = names[0].rpartition("/tier")
    several = len({each.suite for each in run.tiers}) > 1
    more = f" and {plural(len(names) - 1, 'more tier')}" if len(names) > 1 else ""
    return f"tier {one_line(tier, 20)}{f' of {one_line(suite, 60)}' if several else ''}{more}"


def _tier(run: Run, model: str, names: Sequence[str]) -> str:
    found = next(
        (each for each in run.tiers if (f"{each.suite}/tier{each.tier}", each.model) == (names[0], model)), None
    )
    passed = f" ({found.passed} of {found.total})" if found and len(names) == 1 else ""
    return f"{_tiers(run, names)} {_verb(names, 'falls', 'fall')} short{passed}"


def _level(run: Run, model: str, names: Sequence[str]) -> str:
    return f"{_tiers(run, names)} no longer {_verb(names, 'meets its', 'meet their')} demand"


def _regression(run: Run, model: str, names: Sequence[str]) -> str:
    comparison = run.comparison(model)
    verdicts = [each for each in comparison.verdicts if each.state == "regressed"] if comparison else []
    whole = next((each for each in verdicts if each.whole), verdicts[0] if verdicts else None)
    if whole is None:
        return "the model is less sure than it may be" if comparison else "recognition regressed"
    if whole.lost is None or whole.won is None:
        return "recognition regressed"
    lost = f"{plural(whole.lost, 'group')} of {whole.groups} lost, {whole.won or 'none'} won"
    return f"recognition regressed ({lost})"


def _against(run: Run, model: str, names: Sequence[str]) -> str:
    reference = next((each.reference for each in run.references if each.model == model), "")
    return f"worse than {one_line(reference, 60) if reference else 'the reference model'}"


def _baseline(run: Run, model: str, names: Sequence[str]) -> str:
    missing = [each for each in run.missing if each.model == model]
    counts = {
        "case": sum(len(each.missing) for each in missing),
        "suite": sum(len(each.not_fetched) for each in missing),
        "data set": sum(len(each.sets) for each in missing),
    }
    said = " and ".join(plural(count, what) for what, count in counts.items() if count)
    return f"{said or 'something'} of the baseline missing"


def _sets(run: Run, model: str, names: Sequence[str]) -> str:
    found = [each for each in run.sets if each.model == model and each.set in names]
    regressed = [each.set for each in found if each.verdict is not None and each.verdict.state == "regressed"]
    missing = [each.set for each in found if each.missing and each.set not in regressed]
    short = [name for name in names if name not in (*regressed, *missing)]
    phrases = [
        f"data set {listed(which, _NAMED)} {what}"
        for which, what in ((regressed, "regressed"), (missing, "lacks accepted pictures"), (short, "falls short"))
        if which
    ]
    return ", ".join(phrases)


def _error(run: Run, model: str, names: Sequence[str]) -> str:
    return f"{plural(len(names), 'gate')} without a result ({listed(names, _NAMED)})"


def _absence(run: Run, model: str, names: Sequence[str]) -> str:
    alarms = sum(each.false_alarms for each in run.absences if each.model == model and each.suite in names)
    return f"too many false alarms ({alarms})"


def _short(kind: str, names: Sequence[str]) -> str:
    """Return `slice fog+3 falls short`, or `4 slices fall short (…)`."""
    noun = {"set_slice": "slice", "slice": "slice", "metric": "metric", "ladder": "ladder"}.get(kind, "gate")
    if len(names) == 1:
        return f"{noun} {one_line(names[0], 80)} falls short"
    return f"{plural(len(names), noun)} fall short ({listed(names, _NAMED)})"


def _verb(names: Sequence[str], one: str, many: str) -> str:
    return one if len(names) == 1 else many


# In the order of the sentence.
_SAY: dict[str, Callable[[Run, str, Sequence[str]], str]] = {
    "level": _level,
    "regression": _regression,
    "tier": _tier,
    "absence": _absence,
    "set": _sets,
    "against": _against,
    "baseline": _baseline,
    "error": _error,
}
