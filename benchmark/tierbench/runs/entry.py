"""One recorded run in the history: the few figures of its `run.json` that trends are made of, checked. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tierbench.common.errors import UserError

# What the index keeps of `run.json`; the rest is read only where a run is shown by itself.
_KEPT: dict[str, tuple[str, ...]] = {
    "models": ("name", "level", "of", "level_text", "fingerprint"),
    "tiers": (
        *("suite", "model", "tier", "name", "passed", "total", "size"),
        *("low", "high", "mean_score", "min_pass_rate", "met"),
    ),
    "comparisons": ("model", "baseline", "gate", "regressed", "fixed", "same", "new"),
}


@dataclass(frozen=True, slots=True)
class TierPoint:
    """A model on one tier of one suite in one run; fields as in `TierResult`."""

    suite: str
    model: str
    tier: int
    name: str
    passed: int
    total: int
    size: int
    low: float
    high: float
    mean_score: float | None
    min_pass_rate: float
    met: bool | None

    @property
    def rate(self) -> float:
        """Share of the judged cases that passed; 0 where none was judged."""
        return self.passed / self.total if self.total else 0.0

    @property
    def whole(self) -> bool:
        """Whether every case of the tier was judged."""
        return self.total == self.size


@dataclass(frozen=True, slots=True)
class Flips:
    """How a model stood against its baseline in one run, in numbers of cases."""

    baseline: str
    gate: str
    regressed: int
    fixed: int
    same: int
    new: int


@dataclass(frozen=True, slots=True)
class ModelPoint:
    """A model in one run.

    Attributes:
        name: the slot.
        level: None: not determined.
        fingerprint: of weights, config and preprocessing; empty where it is not known.
        flips: None where the model had no baseline.
    """

    name: str
    level: int | None
    of: int
    level_text: str
    fingerprint: str
    flips: Flips | None


@dataclass(frozen=True, slots=True)
class RunEntry:
    """A run in the history.

    Attributes:
        folder: name of its folder in `reports/`.
        started: UTC, as `run.json` writes it.
        suites: digest of each suite's description, by name.
    """

    folder: str
    started: str
    duration_s: float
    complete: bool
    models: tuple[ModelPoint, ...]
    tiers: tuple[TierPoint, ...]
    suites: Mapping[str, str]

    @classmethod
    def from_content(cls, folder: str, content: Mapping[str, Any]) -> RunEntry:
        """Take the figures from the content of `run.json`.

        Raises:
            UserError: one line that names what is missing or of the wrong type.
        """
        try:
            flips = {_text(each, "model"): _flips(each) for each in _dicts(content, "comparisons")}
            if not isinstance(content.get("versions", {}), dict):
                raise TypeError("'versions' is no object")
            return cls(
                folder=folder,
                started=_text(content, "started"),
                duration_s=_number(content, "duration_s"),
                complete=_flag(content, "complete"),
                models=tuple(_model(each, flips) for each in _dicts(content, "models")),
                tiers=tuple(_tier(each) for each in _dicts(content, "tiers")),
                suites={str(name): str(digest) for name, digest in dict(content.get("suites") or {}).items()},
            )
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            what = f"{error.args[0]!r} is missing" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{folder}/run.json: is damaged: {what}; remove the folder if you do not need it") from None


def only(entry: RunEntry, model: str, suite: str) -> RunEntry:
    """Give the part of a run that is about a model and a suite; an empty name stands for all."""
    tiers = tuple(tier for tier in entry.tiers if model in ("", tier.model) and suite in ("", tier.suite))
    with_tier = {tier.model for tier in tiers}
    models = tuple(each for each in entry.models if model in ("", each.name) and (not suite or each.name in with_tier))
    return replace(entry, models=models, tiers=tiers)


def kept(content: Mapping[str, Any]) -> dict[str, Any]:
    """Give what the index keeps of the content of `run.json`; `RunEntry.from_content` reads either."""
    small = {name: content[name] for name in ("started", "duration_s", "complete", "suites") if name in content}
    for part, names in _KEPT.items():
        small[part] = [{name: each[name] for name in names if name in each} for each in content.get(part, ())]
    return small


def _model(values: Mapping[str, Any], flips: Mapping[str, Flips]) -> ModelPoint:
    name = _text(values, "name")
    level = None if values["level"] is None else _count(values, "level")
    fingerprint = str(values.get("fingerprint", ""))
    return ModelPoint(name, level, _count(values, "of"), _text(values, "level_text"), fingerprint, flips.get(name))


def _tier(values: Mapping[str, Any]) -> TierPoint:
    met = values.get("met")
    return TierPoint(
        suite=_text(values, "suite"),
        model=_text(values, "model"),
        tier=_count(values, "tier"),
        name=_text(values, "name"),
        passed=_count(values, "passed"),
        total=_count(values, "total"),
        size=_count(values, "size"),
        low=_number(values, "low"),
        high=_number(values, "high"),
        mean_score=None if values.get("mean_score") is None else _number(values, "mean_score"),
        min_pass_rate=_number(values, "min_pass_rate"),
        met=None if met is None else _flag(values, "met"),
    )


def _flips(values: Mapping[str, Any]) -> Flips:
    counts = (_count(values, name) for name in ("regressed", "fixed", "same", "new"))
    return Flips(_text(values, "baseline"), _text(values, "gate"), *counts)


def _dicts(content: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    values = content.get(name, []) if name == "comparisons" else content[name]
    if not isinstance(values, list) or not all(isinstance(each, dict) for each in values):
        raise TypeError(f"{name!r} is no list of objects")
    return values


def _text(values: Mapping[str, Any], name: str) -> str:
    if not isinstance(values[name], str):
        raise TypeError(f"{name!r} is no text")
    return str(values[name])


def _count(values: Mapping[str, Any], name: str) -> int:
    value = values[name]
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{name!r} is no whole number")
    return value


def _number(values: Mapping[str, Any], name: str) -> float:
    value = values[name]
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < 1e12:
        raise TypeError(f"{name!r} is no number")
    return float(value)


def _flag(values: Mapping[str, Any], name: str) -> bool:
    if not isinstance(values[name], bool):
        raise TypeError(f"{name!r} is neither true nor false")
    return bool(values[name])
