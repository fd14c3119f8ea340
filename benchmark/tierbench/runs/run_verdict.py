"""Say in one sentence what came out of a run. Pure.

`Failed` is said exactly where a test of the benchmark failed, so that the sentence agrees with pytest's exit code as
far as the benchmark decides it; failures of other tests in the session are counted apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tierbench.common.schema import CaseRow, FailedTest, ModelEntry, Rows, Run, RunVerdict
from tierbench.common.text import one_line, plural
from tierbench.runs.failed_gates import gate_phrases
from tierbench.runs.inferred_failures import inferred_failures
from tierbench.runs.shared_trait import shared_trait

# Number of models, of findings on one alone, and of findings on each of several, that a sentence names.
_MODELS, _FINDINGS, _FINDINGS_EACH = 3, 4, 2


def verdict_of(run: Run, rows: Rows = ()) -> RunVerdict:
    """Return the verdict of a run as it was recorded; that of an older record is computed.

    Args:
        run: the run.
        rows: its rows, which older records need to count pictures.
    """
    return run.verdict or judge_run(run, rows)


def judge_run(run: Run, rows: Rows) -> RunVerdict:
    """Return the verdict of a run: state and sentence."""
    failed = inferred_failures(run, rows) if run.failed is None else run.failed
    if failed or run.accepted is False:
        return RunVerdict(state="failed", sentence=_joined("Failed: ", _failures(run, rows, failed), run))
    if reason := _open_reason(run, rows):
        return RunVerdict(state="not judged", sentence=_joined("Not judged: ", [reason], run))
    return RunVerdict(state="passed", sentence=_joined("Passed: ", _successes(run, rows), run))


def _joined(state: str, phrases: Iterable[str], run: Run) -> str:
    others = f"{plural(run.failed_others, 'other test')} of the session failed" if run.failed_others else ""
    return state + "; ".join(filter(None, [*phrases, others]))


def _open_reason(run: Run, rows: Rows) -> str:
    """Return why a run without a failure says nothing; empty if it does."""
    if not run.complete:
        judged = sum(_was_tested(row) for row in rows)
        return f"the run stopped early, was killed or still runs ({plural(judged, 'picture')} judged so far)"
    if run.shard or any("tierbench merge" in model.note for model in run.models):
        part = f"this is shard {run.shard}" if run.shard else "this is a shard"
        return f"{part}; tierbench merge judges the run when all shards are there"
    said = any(row.outcome in ("passed", "failed", "xfailed") for row in rows)
    if said or run.tiers or run.sets or run.ladders or run.comparisons or not rows:
        return ""
    return "no picture has a verdict, because each was skipped or left unscored"


def _failures(run: Run, rows: Rows, failed: Sequence[FailedTest]) -> list[str]:
    phrases = [] if run.complete or not failed else ["the run stopped early"]
    phrases += ["the baseline was not written"] if run.accepted is False else []
    names = list(dict.fromkeys(test.model for test in failed))
    models = [model for model in run.models if model.name in names]
    findings = {model.name: _findings(run, model, rows, failed) for model in models}
    if len(run.models) < 2:
        return [*(phrase for own in findings.values() for phrase in own), *phrases]
    named = [f"{one_line(name, 60)}: {', '.join(own)}" for name, own in findings.items()]
    count = f"{len(names)} of {len(run.models)} models" if len(names) < len(run.models) else f"all {len(names)} models"
    return [count if names else "", *_first(named, _MODELS), *phrases]


def _findings(run: Run, model: ModelEntry, rows: Rows, failed: Sequence[FailedTest]) -> list[str]:
    """Return what failed under a model, the level first."""
    own = [test for test in failed if test.model == model.name]
    level = _level(run, model)
    pictures = _picture_phrases(run, model.name, rows, [test for test in own if test.kind == "case"])
    gates = gate_phrases(run, model.name, [test for test in own if test.kind != "case"])
    return [*filter(None, [level]), *_first([*pictures, *gates], _FINDINGS if len(run.models) < 2 else _FINDINGS_EACH)]


def _first(phrases: Sequence[str], most: int) -> list[str]:
    more = len(phrases) - most
    return [*phrases[:most], *([f"and {more} more"] if more > 0 else [])]


def _level(run: Run, model: ModelEntry) -> str:
    """Return `level 1 → 0 of 3`, or `level 1 of 3, as accepted`; empty where no tier was run."""
    tiers = [tier for tier in run.tiers if tier.model == model.name]
    if not tiers or (run.shard and model.level is None):
        return ""
    if model.level is None:
        return one_line(model.level_text, 120)
    limits = (each for each in run.levels if each.model == model.name and each.tier is None)
    limit = next(limits, None)
    now = f"{model.level} of {model.of}" + (f" ({one_line(model.note, 100)})" if model.note else "")
    if limit is not None and limit.before is not None and limit.now is not None:
        if limit.fell:
            return f"level {limit.before} → {limit.now} of {model.of}"
        if limit.now == model.level:
            was = limit.before
            return f"level {now}, as accepted" if was == model.level else f"level {was} → {now}"
    if run.accepted:
        return f"level {now}, accepted as the baseline"
    has_baseline = run.comparison(model.name) is not None or bool(limit)
    # Of several models, each would have to say so.
    return f"level {now}" if has_baseline or len(run.models) > 1 else f"level {now}, no baseline yet"


def _was_tested(row: CaseRow) -> bool:
    """Return whether a picture has a test of its own: the steps of ladders have none."""
    return row.tier is not None or row.absent or bool(row.corruption)


def _picture_phrases(run: Run, model: str, rows: Rows, failed: Sequence[FailedTest]) -> list[str]:
    """Return `5 pictures regressed, all of them tagged night`, and so on."""
    keys = {test.name for test in failed}
    own = [row for row in rows if row.model == model and _was_tested(row)]
    red = [row for row in own if row.key in keys]
    comparison = run.comparison(model)
    if not red and comparison is not None and comparison.gate == "flips" and comparison.regressed and failed:
        # An older record whose rows were not read.
        return [f"{plural(comparison.regressed, 'picture')} regressed"]
    errors = [row for row in red if row.outcome == "error"]
    regressed = [row for row in red if row.outcome != "error" and row.change == "regressed"]
    missed = [row for row in red if row.outcome != "error" and row.change != "regressed" and not row.passed]
    phrases = []
    for what, found in (("regressed", regressed), ("missed", missed)):
        if found:
            named = {row.key for row in found}
            trait = shared_trait(found, [row for row in own if row.key not in named])
            phrases.append(f"{plural(len(found), 'picture')} {what}" + (f", {trait}" if trait else ""))
    if errors:
        reasons = {row.reason for row in errors}
        why = f" ({one_line(reasons.pop(), 120)})" if len(reasons) == 1 else ""
        phrases.append(f"{plural(len(errors), 'picture')} without a verdict{why}")
    rest = len(keys) - len(regressed) - len(missed) - len(errors)
    return [*phrases, *([f"{plural(rest, 'test')} of pictures failed"] if rest > 0 else [])]


def _successes(run: Run, rows: Rows) -> list[str]:
    several = len(run.models) > 1
    levels = [(model.name, _level(run, model)) for model in run.models]
    if several:
        named = [f"{one_line(name, 60)} {level}" for name, level in levels if level]
        phrases = [plural(len(run.models), "model"), *_first(named, _MODELS)]
    else:
        phrases = [level for _, level in levels if level]
    tested = [row for row in rows if _was_tested(row) and not row.corruption]
    moved = {
        kind: sum(row.change == kind and (kind == "fixed" or row.outcome == "xfailed") for row in tested)
        for kind in ("regressed", "fixed")
    }
    if moved["regressed"]:
        also = f" and {moved['fixed']} fixed" if moved["fixed"] else ""
        phrases.append(f"{plural(moved['regressed'], 'picture')} regressed{also}, which shows no loss")
    elif moved["fixed"]:
        phrases.append(f"{plural(moved['fixed'], 'picture')} fixed")
    known = sum(row.outcome == "xfailed" and row.change != "regressed" for row in tested)
    what = "accepted miss" if run.accepted else "known miss"
    phrases += [f"{known} {what}{'es' if known != 1 else ''}"] if known else []
    phrases += _sets(run, several)
    left = sum(row.outcome in ("skipped", "unscored") for row in tested)
    phrases += [f"{plural(left, 'picture')} skipped or unscored"] if left else []
    return phrases if any(phrases) else ["every selected test passed"]


def _sets(run: Run, several: bool) -> list[str]:
    named = [
        f"{one_line(each.set, 60)}{f':{one_line(each.model, 60)}' if several else ''} accuracy {each.accuracy:.3f}"
        for each in run.sets
        if each.accuracy is not None
    ]
    return _first(named, _MODELS)
