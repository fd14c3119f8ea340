"""Reads the `--robust-…` options and their ini keys once, into a frozen `RunConfig`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from benchmark.errors import UserError
from benchmark.models.spec import ModelSpec
from benchmark.text import one_line

Device = Literal["auto", "cpu", "cuda", "mps"]
Dtype = Literal["float32", "float16", "bfloat16"]


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a run was asked to do; paths are absolute.

    Attributes:
        models: the models under test, by slot; at least one.
        models_given: whether the user named them, on the command line or in the ini file.
        cases: suite folders, or folders of suites.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: of the weights: `float32`, `float16` or `bfloat16`.
        batch_size: images handed to the model at once.
        missing_labels: what becomes of cases whose concept no label of the model matches: `error` or `skip`.
        reports: the folder that takes one folder a run.
        cache: whether predictions are kept between runs.
    """

    root: Path
    models: tuple[ModelSpec, ...]
    models_given: bool
    cases: tuple[Path, ...]
    device: str
    dtype: str
    batch_size: int
    missing_labels: str
    reports: Path
    cache: bool

    @property
    def slots(self) -> tuple[str, ...]:
        """The names under which the models are compared over time."""
        return tuple(model.slot for model in self.models)


# Name, choices or type, default, metavar, help. Every option has an ini key of the same name.
_SINGLE: tuple[tuple[str, Any, str, str, str], ...] = (
    ("device", ("auto", "cpu", "cuda", "mps"), "auto", "", "where the model runs"),
    ("dtype", ("float32", "float16", "bfloat16"), "float32", "", "type of the model's weights"),
    ("batch_size", int, "16", "N", "images handed to the model at once"),
    ("missing_labels", ("error", "skip"), "error", "", "cases whose concept the model has no label for"),
    ("reports", str, "reports", "DIR", "folder that takes one folder a run"),
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
    parser.addini("robust_model", "models under test, as with --robust-model", type="linelist", default=[])
    parser.addini("robust_cases", "suites, as with --robust-cases", type="linelist", default=["cases"])
    for name, kind, default, metavar, text in _SINGLE:
        option = "--robust-" + name.replace("_", "-")
        if isinstance(kind, tuple):
            group.addoption(option, choices=kind, help=f"{text} (default: {default})")
        else:
            group.addoption(option, type=kind, metavar=metavar, help=f"{text} (default: {default})")
        parser.addini(f"robust_{name}", f"{text}, as with {option}", type="string", default=default)
    group.addoption(
        "--robust-no-cache",
        action="store_true",
        default=None,
        help="predict every image again, and keep no prediction",
    )
    parser.addini("robust_no_cache", "as with --robust-no-cache", type="bool", default=False)


def read_options(config: pytest.Config) -> RunConfig:
    """Read the options; the command line wins over the ini file.

    Raises:
        UserError: if a value is out of range, or two models have one name.
    """
    root = config.rootpath
    models_given = config.getoption("robust_model") or config.getini("robust_model")
    models = tuple(ModelSpec.parse(text) for text in models_given or ["reference"])
    _unique_slots(models)
    values = {name: _value(config, name, kind) for name, kind, *_ in _SINGLE}
    if values["batch_size"] < 1:
        raise UserError(f"--robust-batch-size {values['batch_size']} must be 1 or more")
    cases = config.getoption("robust_cases") or config.getini("robust_cases")
    no_cache = config.getoption("robust_no_cache")
    return RunConfig(
        root=root,
        models=models,
        models_given=bool(models_given),
        cases=tuple(root / Path(path).expanduser() for path in cases),
        device=values["device"],
        dtype=values["dtype"],
        batch_size=values["batch_size"],
        missing_labels=values["missing_labels"],
        reports=root / Path(values["reports"]).expanduser(),
        cache=not (config.getini("robust_no_cache") if no_cache is None else no_cache),
    )


def _value(config: pytest.Config, name: str, kind: Any) -> Any:
    given = config.getoption(f"robust_{name}")
    if given is not None:
        return given
    text = config.getini(f"robust_{name}")
    if isinstance(kind, tuple):
        if text not in kind:
            raise UserError(
                f"ini key robust_{name}: {one_line(str(text))!r} is unknown; write one of {', '.join(kind)}"
            )
        return text
    try:
        return kind(text)
    except ValueError:
        raise UserError(f"ini key robust_{name}: {one_line(str(text))!r} is not a whole number") from None


def _unique_slots(models: Sequence[ModelSpec]) -> None:
    slots = [model.slot for model in models]
    for slot in slots:
        if slots.count(slot) > 1:
            raise UserError(f"--robust-model: two models are named {slot!r}; give each a name: NAME=SPEC")
