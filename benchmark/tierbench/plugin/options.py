"""Reads the `--robust-…` options and their ini keys once, into a frozen `RunConfig`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tierbench.common.files import expanded
from tierbench.common.text import one_line, plural
from tierbench.models.spec import ModelSpec, parse_models

if TYPE_CHECKING:
    from tierbench.runs.baseline_source import BaselineChoice
    from tierbench.scoring.model_pool import ModelOptions


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a run was asked to do; paths are absolute.

    Attributes:
        root: the top of the repository.
        models: the models under test, at least one, and how they are opened.
        cases: suite folders, or folders of suites.
        only: folders of the suites that have tests, where pytest was pointed at them; empty: all.
        reports: the folder that takes one folder a run.
        baseline: what to compare with.
        update_baseline: whether this run becomes the baseline.
        gate: `auto`, `thresholds`, `flips` or `regression`.
        max_drop: a score that falls by more than this against the baseline is a regression, in (0, 1].
        corruptions: names of the corruptions to sweep tier 1 through; empty: no sweep.
        severities: of the sweep, 1 to 5.
        markdown: where a summary of the run goes; None: nowhere.
        problems: what is wrong with the options, a line each; a default stands where a value cannot be used.
    """

    root: Path
    models: ModelOptions
    cases: tuple[Path, ...]
    only: frozenset[Path]
    reports: Path
    baseline: BaselineChoice
    update_baseline: bool
    gate: str
    max_drop: float
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    markdown: Path | None
    problems: tuple[str, ...] = ()


# Name, choices or type, default, metavar, help. Every option has an ini key of the same name.
_SINGLE: tuple[tuple[str, Any, str, str, str], ...] = (
    ("device", ("auto", "cpu", "cuda", "mps"), "auto", "", "where the model runs"),
    ("dtype", ("float32", "float16", "bfloat16"), "float32", "", "type of the model's weights"),
    ("batch_size", int, "16", "N", "images handed to the model at once"),
    ("missing_labels", ("error", "skip"), "error", "", "cases whose concept the model has no label for"),
    ("reports", str, "reports", "DIR", "folder that takes one folder a run"),
    ("baseline", str, "", "NAME|PATH|RUN|none", "accepted scores to compare with; default: the model's own"),
    ("gate", ("auto", "thresholds", "flips", "regression"), "auto", "", "what fails: see docs/statistics.md"),
    ("corruptions", str, "", "NAMES", "sweep tier 1 through corruptions: names with commas, imagenet-c, or all"),
    ("severities", str, "1-5", "LIST", "severities of the sweep: 1-5, or 1,3,5"),
    ("markdown", str, "", "PATH", "file that takes a summary of the run in Markdown"),
    ("max_drop", float, "0.2", "X", "a score that falls by more than this is a regression"),
)
# Switches: name, help. Their ini keys are booleans.
_SWITCHES = (
    ("no_cache", "predict every image again, and keep no prediction"),
    ("update_baseline", "accept this run's scores as the baseline"),
    ("require_baseline", "a model without a baseline is an error"),
)


def add_options(parser: pytest.Parser) -> None:
    """Declare the options and their ini keys."""
    group = parser.getgroup("robust", "robustness benchmark (tierbench)")
    group.addoption(
        "--robust-model",
        action="append",
        metavar="[NAME=]SPEC",
        help="model under test: a folder, a Hub id, python:module:factory, or reference; may be given more than once",
    )
    group.addoption(
        "--robust-cases",
        action="append",
        metavar="PATH",
        help="a suite folder, or a folder of suites; may be given more than once (default: cases)",
    )
    group.addoption(
        "--robust-labels",
        action="append",
        metavar="[NAME=]FILE",
        help="names of a model's classes, one a line, where its config has none; may be given more than once",
    )
    parser.addini("robust_labels", "names of classes, as with --robust-labels", type="linelist", default=[])
    parser.addini("robust_model", "models under test, as with --robust-model", type="linelist", default=[])
    parser.addini("robust_cases", "suites, as with --robust-cases (default: cases)", type="linelist", default=[])
    for name, kind, default, metavar, text in _SINGLE:
        option = "--robust-" + name.replace("_", "-")
        shown = f"{text} (default: {default})" if default else text
        if isinstance(kind, tuple):
            group.addoption(option, choices=kind, help=shown)
        else:
            group.addoption(option, type=kind, metavar=metavar, help=shown)
        parser.addini(f"robust_{name}", f"{text}, as with {option}", type="string", default=default)
    for name, text in _SWITCHES:
        option = "--robust-" + name.replace("_", "-")
        group.addoption(option, action="store_true", default=None, help=text)
        parser.addini(f"robust_{name}", f"as with {option}", type="bool", default=False)


def read_options(config: pytest.Config, cases: tuple[Path, ...], only: frozenset[Path], own: bool) -> RunConfig:
    """Read the options; the command line wins over the ini file.

    Raises nothing: `--help` and `--markers` read the options too, and must not fail on a bad ini file.

    Args:
        config: pytest's configuration.
        cases: suite folders, or folders of suites.
        only: folders of the suites that pytest was pointed at.
        own: whether a `classifier` fixture of the user's returns the model.
    """
    # Here, because a session without suites needs none of it.
    from tierbench.corruptions.selection import parse_corruptions, parse_severities
    from tierbench.models.label_file import label_files
    from tierbench.runs.baseline_source import BaselineChoice
    from tierbench.scoring.model_pool import ModelOptions

    problems: list[str] = []
    root = config.rootpath
    models = config.getoption("robust_model") or config.getini("robust_model")
    values = {name: _value(config, name, kind, default, problems) for name, kind, default, *_ in _SINGLE}
    if values["batch_size"] < 1:
        problems.append(f"--robust-batch-size {values['batch_size']} must be 1 or more")
        values["batch_size"] = 1
    if not 0 < values["max_drop"] <= 1:
        problems.append(f"--robust-max-drop {values['max_drop']:g} must be above 0 and at most 1")
        values["max_drop"] = 0.2
    switches = {name: _switch(config, name) for name, _ in _SWITCHES}
    # A model of the user's own is not the built-in one, and not what its baseline is about.
    default = "model=reference" if own else "reference"
    models = parse_models(models or [default], problems) or (ModelSpec.parse(default),)
    if switches["update_baseline"] and values["baseline"] not in ("", "none") and len(models) > 1:
        problems.append(
            f"--robust-update-baseline: {plural(len(models), 'model')} cannot share the baseline "
            f"{one_line(values['baseline'])!r}; leave --robust-baseline out, and each has its own"
        )
    labels = config.getoption("robust_labels") or config.getini("robust_labels")
    reports = root / expanded(values["reports"])
    return RunConfig(
        root=root,
        models=ModelOptions(
            specs=models,
            labels=label_files(labels, models, root, problems),
            root=root,
            device=values["device"],
            dtype=values["dtype"],
            batch_size=values["batch_size"],
            missing_labels=values["missing_labels"],
            cache=not switches["no_cache"],
        ),
        cases=cases,
        only=only,
        reports=reports,
        baseline=BaselineChoice(root, reports, values["baseline"], switches["require_baseline"]),
        update_baseline=switches["update_baseline"],
        gate=values["gate"],
        max_drop=values["max_drop"],
        corruptions=parse_corruptions(values["corruptions"], problems),
        severities=parse_severities(values["severities"], problems),
        markdown=root / expanded(values["markdown"]) if values["markdown"] else None,
        problems=tuple(problems),
    )


def _switch(config: pytest.Config, name: str) -> bool:
    given = config.getoption(f"robust_{name}")
    return bool(config.getini(f"robust_{name}") if given is None else given)


def _value(config: pytest.Config, name: str, kind: Any, default: str, problems: list[str]) -> Any:
    given = config.getoption(f"robust_{name}")
    if given is not None:
        return given
    text = config.getini(f"robust_{name}")
    if isinstance(kind, tuple):
        if text in kind:
            return text
        problems.append(f"ini key robust_{name}: {one_line(str(text))!r} is unknown; write one of {', '.join(kind)}")
        return default
    try:
        return kind(text)
    except ValueError:
        problems.append(f"ini key robust_{name}: {one_line(str(text))!r} is not a number")
        return kind(default)
