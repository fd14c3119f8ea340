"""The header lines of a run: models, devices, suites, cached predictions."""

from __future__ import annotations

from collections.abc import Iterator

from tierbench.common.errors import UserError
from tierbench.common.files import shown_path
from tierbench.common.text import one_line, plural
from tierbench.models.spec import ModelSpec
from tierbench.runs.benchmark import Benchmark
from tierbench.runs.set_pool import SetListing
from tierbench.suites.case import Suite
from tierbench.suites.derived import predicted_cases


def header_lines(benchmark: Benchmark, *, runs: bool) -> Iterator[str]:
    """Yield the lines.

    Args:
        benchmark: suites and models.
        runs: whether any model will run.
    """
    config = benchmark.config
    if origin := benchmark.origin_lines():
        yield from origin
    elif runs and config.own_model:
        own = config.models.specs[0]
        yield f"model {own.name} = {benchmark.shown_spec(own.name)}, {_baseline(benchmark, own)}"
    elif runs:
        yield from (_model(benchmark, spec) for spec in config.models.specs)
    if config.reference:
        yield f"reference model: {config.reference}"
    notes = [benchmark.baselines.source(spec.name).note for spec in config.models.specs]
    yield from filter(None, notes)
    if benchmark.suites:
        yield "suites: " + ", ".join(_suite(suite) for suite in benchmark.suites)
    if sets := benchmark.sets.all():
        yield "data sets: " + ", ".join(map(_set, sets))
    for suite in benchmark.suites:
        if not suite.cases:
            add = f"`tierbench add IMAGE --suite {suite.name} --label LABEL`"
            yield f"suite {suite.name} has no case yet: {add} adds one"
    for suite in benchmark.all_suites:
        if not suite.fetched:
            yield f"suite {suite.name} is left out, its images are not fetched: run `{suite.fetch_hint}`"


def _model(benchmark: Benchmark, spec: ModelSpec) -> str:
    cases = [case for suite in benchmark.suites for case in predicted_cases(suite)]
    named = spec.name if spec.spec == spec.name else f"{spec.name} = {one_line(spec.spec)}"
    try:
        model = benchmark.models.open(spec.name)
        cached = model.cached(model.predictable(cases, benchmark.by_name))
    except UserError as error:
        return f"model {named}: {error.lines[0]}"
    # A classifier of the user's own need not say where it runs, and an endpoint knows of no type.
    device = getattr(model.classifier, "device", "")
    dtype = getattr(model.classifier, "dtype", benchmark.config.models.dtype)
    place = f", {device} {dtype}".rstrip() if device else ""
    labels = "the concepts of each suite" if model.prompted else plural(len(model.classifier.labels), "label")
    return (
        f"model {named}: {labels}{place}, "
        f"{cached} of {plural(len(cases), 'prediction')} cached, {_baseline(benchmark, spec)}"
    )


def _suite(suite: Suite) -> str:
    parts = [f"{len(cases)} in tier {number}" for number, cases in suite.by_tier.items()]
    if suite.ladders:
        parts.append(plural(len(suite.ladders), "ladder"))
    return f"{suite.name} ({', '.join(parts)})" if parts else suite.name


def _set(listing: SetListing) -> str:
    slices = f" in {plural(len(listing.slices), 'slice')}" if listing.slices else ""
    return f"{listing.name} ({one_line(listing.title)}, {listing.size:,} pictures{slices})"


def _baseline(benchmark: Benchmark, model: ModelSpec) -> str:
    if benchmark.updating:
        return "becomes the baseline"
    source = benchmark.baselines.source(model.name)
    if source.path is None or not source.there or not benchmark.suites:
        return benchmark.sets.accepted_text(model.name) or "no baseline"
    return f"baseline {shown_path(source.path)} (gate {benchmark.baselines.gate(model.name)})"
