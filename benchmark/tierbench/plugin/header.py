"""The header lines: models, devices, suites, cached predictions."""

from __future__ import annotations

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line, plural
from tierbench.models.spec import ModelSpec
from tierbench.plugin.session import BenchmarkSession
from tierbench.suites.case import Suite


def header_lines(session: BenchmarkSession, *, look_at_models: bool, own_classifier: bool = False) -> list[str]:
    """Return the lines for pytest's header.

    Args:
        session: suites and models.
        look_at_models: False if no model will run, or if the user's own fixture returns it.
        own_classifier: whether it does.
    """
    lines = []
    if own_classifier:
        own = session.config.models.specs[0]
        lines.append(f"model {own.name} = {session.shown_spec(own.name)}, {_baseline(session, own)}")
    cases = [case for suite in session.suites for case in suite.cases]
    for spec in session.config.models.specs if look_at_models else ():
        named = spec.name if spec.spec == spec.name else f"{spec.name} = {one_line(spec.spec)}"
        try:
            model = session.models.open(spec.name)
            cached = model.predictor.cached(model.predictable(cases, session.by_name))
        except UserError as error:
            lines.append(f"model {named}: {error.lines[0]}")
            continue
        # A classifier of the user's own need not say where it runs.
        device = getattr(model.classifier, "device", "")
        place = f", {device} {session.config.models.dtype}" if device else ""
        lines.append(
            f"model {named}: {plural(len(model.classifier.labels), 'label')}{place}, "
            f"{cached} of {plural(len(cases), 'prediction')} cached, {_baseline(session, spec)}"
        )
    notes = [session.baselines.source(spec.name).note for spec in session.config.models.specs]
    lines += [note for note in notes if note]
    if session.suites:
        lines.append("suites: " + ", ".join(_suite(suite) for suite in session.suites))
    lines += [
        f"suite {suite.name} has no case yet: `tierbench add IMAGE --suite {suite.name} --label LABEL` adds one"
        for suite in session.suites
        if not suite.cases
    ]
    lines += [
        f"suite {suite.name} is left out, its images are not fetched: run `{suite.fetch_hint}`"
        for suite in session.all_suites
        if not suite.fetched
    ]
    return lines


def _suite(suite: Suite) -> str:
    parts = [f"{len(cases)} in tier {number}" for number, cases in suite.by_tier.items()]
    if suite.ladders:
        parts.append(plural(len(suite.ladders), "ladder"))
    return f"{suite.name} ({', '.join(parts)})" if parts else suite.name


def _baseline(session: BenchmarkSession, model: ModelSpec) -> str:
    if session.updating:
        return "becomes the baseline"
    source = session.baselines.source(model.name)
    if source.path is None or not source.there:
        return "no baseline"
    return f"baseline {shown_path(source.path)} (gate {session.baselines.gate(model.name)})"
