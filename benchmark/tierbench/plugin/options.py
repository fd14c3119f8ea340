"""Declares the `--robust-…` options with their ini keys, and reads them once into a frozen `RunConfig`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from tierbench.common.text import one_line
from tierbench.plugin.ini import ini_value

if TYPE_CHECKING:
    from tierbench.runs.config import RunConfig
    from tierbench.suites.places import Places

T = TypeVar("T")
# Options that may be given more than once: name, metavar, help, help of the ini key.
_REPEATED = (
    (
        "model",
        "[NAME=]SPEC",
        "model under test: a folder, a Hub id, onnx:FILE, python:module:factory, or reference; may be given more than "
        "once",
        "models under test, as with --robust-model",
    ),
    (
        "cases",
        "PATH",
        "a suite folder, or a folder of suites; may be given more than once (default: cases)",
        "suites, as with --robust-cases (default: cases)",
    ),
    (
        "labels",
        "[NAME=]FILE",
        "names of a model's classes, one a line, where its config has none; may be given more than once",
        "names of classes, as with --robust-labels",
    ),
    (
        "processor",
        "[NAME=]FOLDER",
        "folder with the image processor of a model that has none beside it; may be given more than once",
        "image processors, as with --robust-processor",
    ),
    (
        "merge",
        "RUN",
        "folder of a run of a shard, whose results are judged in place of a model's; see `tierbench merge`",
        "folders of shards, as with --robust-merge",
    ),
    (
        "endpoint_token",
        "[NAME=]VARIABLE",
        "environment variable with the token of an endpoint; may be given more than once",
        "environment variables with tokens, as with --robust-endpoint-token",
    ),
    (
        "dataset",
        "[NAME=]KIND:PATH[@SPLIT]",
        "data set that is judged as a whole and by slice, such as imagefolder:data/val; may be given more than once",
        "data sets, as with --robust-dataset",
    ),
)
# Option → its ini key, where they have different names.
_INI = {"dataset": "datasets"}
# As in `tierbench.corruptions.names`, which a session without suites does not import.
_GEOMETRIES = ("imagenet-c", "whole")
# Name, choices or type, default, metavar, help. Every option has an ini key of the same name.
_SINGLE: tuple[tuple[str, Any, str, str, str], ...] = (
    ("device", ("auto", "cpu", "cuda", "mps"), "auto", "", "where the model runs"),
    ("backend", ("torch", "onnx"), "torch", "", "what runs transformers models: torch, or ONNX Runtime"),
    ("dtype", ("float32", "float16", "bfloat16"), "float32", "", "type of the model's weights"),
    ("batch_size", int, "0", "N", "images handed to the model at once; 0: 16, on CUDA more as memory allows"),
    ("endpoint_timeout", float, "300", "SECONDS", "time until an endpoint that is loading or busy is given up"),
    ("endpoint_concurrency", int, "4", "N", "pictures that an endpoint is asked for at once"),
    ("max_pixels", int, "0", "N", "largest picture that is opened, in pixels; 0: Pillow's limit, 89478485"),
    ("missing_cases", ("fail", "report"), "", "", "cases of the baseline that an unfiltered run lacks (default: fail)"),
    ("missing_labels", ("error", "skip"), "error", "", "cases whose concept the model has no label for"),
    ("reports", str, "reports", "DIR", "folder that takes one folder a run"),
    ("baseline", str, "", "NAME|PATH|RUN|none", "accepted scores to compare with; default: the model's own"),
    ("reference", str, "", "NAME", "model of the run that the other ones are held against"),
    ("gate", ("auto", "thresholds", "flips", "regression"), "auto", "", "what fails: see docs/statistics.md"),
    ("corruptions", str, "", "NAMES", "sweep tier 1 through corruptions: names with commas, imagenet-c, or all"),
    ("severities", str, "1-5", "LIST", "severities of the sweep: 1-5, or 1,3,5"),
    ("corruption_geometry", _GEOMETRIES, "imagenet-c", "", "part of a picture that the sweep corrupts"),
    ("markdown", str, "", "PATH", "file that takes a summary of the run in Markdown"),
    ("shard", str, "", "i/N", "judge only the i-th of N parts of the cases; `tierbench merge` judges the whole"),
    ("sample", int, "0", "N", "predict only N pictures of each data set, stratified by slice and class; 0: all"),
    ("stop_when", ("decided",), "", "", "stop a data set as soon as its demands on accuracy are decided"),
    (
        "explain",
        ("none", "failures", "flips", "all"),
        "none",
        "",
        "cases whose picture gets a map of what the model's answer comes from",
    ),
    ("explain_limit", int, "50", "N", "most cases that --robust-explain explains, flips and low tiers first"),
    ("max_drop", float, "1.0", "X", "a margin that falls by more typical margins of its model is a regression"),
)
# Switches: name, help. Their ini keys are booleans.
_SWITCHES = (
    ("compile", "run torch models through torch.compile: a run starts later and predicts faster"),
    ("no_cache", "predict every image again, and keep no prediction"),
    ("update_baseline", "accept this run's scores as the baseline"),
    ("require_baseline", "a model without a baseline is an error"),
)


def add_options(parser: pytest.Parser) -> None:
    """Declare the options and their ini keys."""
    group = parser.getgroup("robust", "robustness benchmark (tierbench)")
    for name, metavar, text, ini_text in _REPEATED:
        group.addoption("--robust-" + name.replace("_", "-"), action="append", metavar=metavar, help=text)
        parser.addini(f"robust_{_INI.get(name, name)}", ini_text, type="linelist", default=[])
    for name, kind, default, metavar, text in _SINGLE:
        option = "--robust-" + name.replace("_", "-")
        shown = f"{text} (default: {default})" if default else text
        if isinstance(kind, tuple):
            group.addoption(option, type=_one_of(kind), choices=kind, help=shown)
        else:
            group.addoption(option, type=kind if kind is str else _number(kind), metavar=metavar, help=shown)
        parser.addini(f"robust_{name}", f"{text}, as with {option}", type="string", default=default)
    for name, text in _SWITCHES:
        option = "--robust-" + name.replace("_", "-")
        group.addoption(option, action="store_true", default=None, help=text)
        parser.addini(f"robust_{name}", f"as with {option}", type="bool", default=False)


def read_options(config: pytest.Config, places: Places, own: bool) -> RunConfig:
    """Read the options; the command line wins over the ini file.

    Raises nothing: `--help` and `--markers` read the options too, and must not fail on a bad ini file.

    Args:
        config: pytest's configuration.
        places: where the suites are.
        own: whether a `classifier` fixture of the user's returns the model.
    """
    # Here, because a session without suites needs none of it.
    from tierbench.plugin.narrowing import narrowed_by
    from tierbench.plugin.replaying import replayed
    from tierbench.runs.config import run_config

    problems: list[str] = []
    given: dict[str, Any] = {
        name: config.getoption(f"robust_{name}") or ini_value(config, _INI.get(name, name), [], problems)
        for name, *_ in _REPEATED
    }
    given |= {name: _value(config, name, kind, default, problems) for name, kind, default, *_ in _SINGLE}
    given |= {name: _switch(config, name, problems) for name, _ in _SWITCHES}
    return run_config(
        config.rootpath,
        given,
        problems,
        cases=places.cases,
        only=places.only,
        own_model=own,
        narrowed_by=narrowed_by(config, places),
        arguments=replayed(config, given),
        usual_sets=ini_value(config, _INI["dataset"], []),
    )


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """Return what reads one of the choices; argparse itself would repeat a value whole, however long it is."""

    def read(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{one_line(text)!r} is unknown; write one of {', '.join(choices)}")
        return text

    return read


def _number(kind: Callable[[str], T]) -> Callable[[str], T]:
    def read(text: str) -> T:
        try:
            return kind(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{one_line(text)!r} is not a number; write one") from None

    return read


def _switch(config: pytest.Config, name: str, problems: list[str]) -> bool:
    given = config.getoption(f"robust_{name}")
    return bool(ini_value(config, name, False, problems) if given is None else given)


def _value(config: pytest.Config, name: str, kind: Any, default: str, problems: list[str]) -> Any:
    given = config.getoption(f"robust_{name}")
    if given is not None:
        return given
    text = ini_value(config, name, default, problems)
    if isinstance(kind, tuple):
        if text in (*kind, default):
            return text
        problems.append(f"ini key robust_{name}: {one_line(str(text))!r} is unknown; write one of {', '.join(kind)}")
        return default
    try:
        return kind(text)
    except ValueError:
        problems.append(f"ini key robust_{name}: {one_line(str(text))!r} is not a number; write one")
        return kind(default)
