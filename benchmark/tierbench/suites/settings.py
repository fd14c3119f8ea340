"""Read `suite.toml`: tiers, thresholds, parameters, ladders, labels, gates."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import read_text, shown_path
from tierbench.common.text import plural, suggestion
from tierbench.metrics.registry import METRIC_REGISTRY
from tierbench.suites.case import Ladder, MetricGate, Thresholds, Tier
from tierbench.suites.expectation import composed, label_key
from tierbench.suites.problems import Problems
from tierbench.suites.prompts import Prompts, concept_problem, read_prompts

# Threshold → the range that its value must lie in.
THRESHOLD_RANGES: dict[str, tuple[float, float]] = {
    "min_score": (0.0, 1.0),
    "max_rank": (1.0, 1e9),
    "min_margin": (-1.0, 1.0),
}
_TIER_KEYS = ("name", *THRESHOLD_RANGES, "min_pass_rate", "allowed_drop")
_TABLES = ("tiers", "parameters", "ladders", "labels", "prompts", "corruptions", "gates")
_KEYS = ("description", "max_false_alarms", *_TABLES)
# No metric of one run, but a fall of margins against a baseline.
_SLIPPING = "slipping"
# Means "no bound"; larger integers may not fit into a float.
_ANY = 1e300
_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass
class SuiteSettings:
    """The content of `suite.toml`; every part may be empty.

    Attributes:
        thresholds: tier → the thresholds that it declares, by name.
        max_false_alarms: see `Suite`.
    """

    description: str = ""
    max_false_alarms: float = 0.0
    tiers: dict[int, Tier] = field(default_factory=dict)
    thresholds: dict[int, dict[str, float]] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)
    ladders: dict[str, Ladder] = field(default_factory=dict)
    labels: dict[str, tuple[str, ...]] = field(default_factory=dict)
    prompts: Prompts = field(default_factory=Prompts)
    corruptions: dict[str, object] = field(default_factory=dict)
    gates: dict[str, MetricGate] = field(default_factory=dict)
    max_slipping: float | None = None


def make_thresholds(declared: Mapping[str, float]) -> Thresholds:
    """Return thresholds with defaults for those that are not declared."""
    default = Thresholds()
    return Thresholds(
        declared.get("min_score", default.min_score),
        int(declared.get("max_rank", default.max_rank)),
        declared.get("min_margin", default.min_margin),
    )


def read_suite_settings(file: Path, columns: tuple[str, ...], problems: Problems) -> SuiteSettings:
    """Read and check `suite.toml`; if it is missing, return the defaults.

    Args:
        file: path of `suite.toml`.
        columns: the column names of `metadata.csv`, which parameters must not have.
        problems: receives one line per problem.
    """
    settings = SuiteSettings()
    try:
        document = tomllib.loads(read_text(file))
    except FileNotFoundError:
        return settings
    except RecursionError:
        problems.add(file, "cannot be read as TOML: it is nested too deeply; fix the file")
        return settings
    except (ValueError, OSError) as error:
        # Besides what is not TOML or not UTF-8: Python refuses to convert a number of thousands of digits.
        problems.add(file, f"cannot be read as TOML: {error}; fix the file")
        return settings
    _unknown_keys(document, _KEYS, "key", file, problems)
    # A description on several lines is still one paragraph.
    settings.description = " ".join(_typed(document, "description", str, "", file, problems).split())
    settings.max_false_alarms = _number(document, "max_false_alarms", 0.0, 1.0, "", file, problems) or 0.0
    _read_tiers(_table(document, "tiers", file, problems), settings, file, problems)
    _read_parameters(_table(document, "parameters", file, problems), settings, columns, file, problems)
    _read_labels(_table(document, "labels", file, problems), settings, file, problems)
    settings.prompts = read_prompts(_table(document, "prompts", file, problems), file, problems)
    _read_ladders(_table(document, "ladders", file, problems), settings, file, problems)
    settings.corruptions = dict(_table(document, "corruptions", file, problems))
    _check_corruptions(settings.corruptions, file, problems)
    _read_gates(_table(document, "gates", file, problems), settings, file, problems)
    return settings


def label_place(folder: Path, label: str) -> str:
    """Return where `suite.toml` in a folder names a label in quotes, as `path:row`; only the path if it cannot tell."""
    file = folder / "suite.toml"
    try:
        lines = read_text(file).splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    rows = (row for row, line in enumerate(lines, start=1) if f'"{label}"' in line or f"'{label}'" in line)
    row = next(rows, None)
    return shown_path(file) if row is None else f"{shown_path(file)}:{row}"


def _read_tiers(table: Mapping[str, Any], settings: SuiteSettings, file: Path, problems: Problems) -> None:
    for key, values in table.items():
        if not re.fullmatch(r"[0-9]{1,6}", key) or int(key) < 1:
            problems.add(file, f"[tiers.{key}]: a tier is an integer ≥ 1; write [tiers.1]")
            continue
        if not isinstance(values, dict):
            problems.add(file, f"tiers.{key} must be a table; write [tiers.{key}]")
            continue
        number, where = int(key), f"[tiers.{key}]"
        _unknown_keys(values, _TIER_KEYS, f"{where} key", file, problems)
        settings.thresholds[number] = {
            name: value
            for name, (low, high) in THRESHOLD_RANGES.items()
            if (value := _number(values, name, low, high, where, file, problems)) is not None
        }
        rate = _number(values, "min_pass_rate", 0.0, 1.0, where, file, problems)
        drop = _number(values, "allowed_drop", 0.001, 1.0, where, file, problems)
        settings.tiers[number] = Tier(
            number,
            _typed(values, "name", str, "", file, problems, where),
            1.0 if rate is None else rate,
            0.10 if drop is None else drop,
        )


def _read_parameters(
    table: Mapping[str, Any], settings: SuiteSettings, columns: tuple[str, ...], file: Path, problems: Problems
) -> None:
    for name, unit in table.items():
        if not _NAME.fullmatch(name) or name in columns:
            problems.add(
                file,
                f"[parameters] {name!r} is not a valid name; use lower-case letters, digits and _, "
                "and no name of another column",
            )
        elif not isinstance(unit, str):
            problems.add(file, f'[parameters] {name}: the unit must be a string; write {name} = "m"')
        else:
            settings.parameters[name] = unit


def _read_labels(table: Mapping[str, Any], settings: SuiteSettings, file: Path, problems: Problems) -> None:
    owner: dict[str, str] = {}
    for concept, labels in table.items():
        texts = [labels] if isinstance(labels, str) else labels
        if problem := concept_problem(concept):
            problems.add(file, f"[labels] {problem}")
            continue
        if not isinstance(texts, list) or not texts or not all(isinstance(t, str) and t.strip() for t in texts):
            problems.add(file, f'[labels] {concept}: must be a list of labels; write {concept} = ["label"]')
            continue
        for label in dict.fromkeys(map(label_key, texts)):
            if label in owner:
                problems.add(
                    file,
                    f"[labels] {label!r} counts as {owner[label]!r} and as {concept!r}; "
                    "a label belongs to one concept: remove it from one of them",
                )
            owner.setdefault(label, concept)
        settings.labels[composed(concept)] = tuple(map(composed, texts))


def _read_ladders(table: Mapping[str, Any], settings: SuiteSettings, file: Path, problems: Problems) -> None:
    for name, values in table.items():
        where = f"[ladders.{name}]"
        if not isinstance(values, dict):
            problems.add(file, f"ladders.{name} must be a table; write {where}")
            continue
        if not re.fullmatch(r"[a-z0-9_-]+", name):
            problems.add(file, f"{where}: the name may contain only lower-case letters, digits, _ and -; rename it")
            continue
        _unknown_keys(values, ("parameter", "direction", "gate"), f"{where} key", file, problems)
        parameter = _typed(values, "parameter", str, "", file, problems, where)
        direction = _typed(values, "direction", str, "falling", file, problems, where)
        if parameter not in settings.parameters:
            problems.add(file, f"{where} parameter {parameter!r} is not declared under [parameters]; add it there")
        if direction not in ("falling", "rising"):
            problems.add(file, f"{where} direction {direction!r} is unknown; write falling or rising")
        gate = _number(values, "gate", -_ANY, _ANY, where, file, problems)
        settings.ladders[name] = Ladder(name, parameter, direction, gate)


def _check_corruptions(table: Mapping[str, Any], file: Path, problems: Problems) -> None:
    where = "[corruptions]"
    _unknown_keys(table, ("enabled", "variant", "gates"), f"{where} key", file, problems)
    if not isinstance(table.get("enabled", True), bool):
        problems.add(file, f"{where} enabled must be true or false")
    if table.get("variant", "imagenet_c") not in ("imagenet_c", "cifar10_c"):
        problems.add(file, f"{where} variant {_shown(table['variant'])} is unknown; write imagenet_c or cifar10_c")
    for name, demands in _table(table, "gates", file, problems).items():
        if not re.fullmatch(r"[a-z][a-z0-9_]*\+[1-5]", name):
            problems.add(file, f'[corruptions.gates] {name!r} is not a slice; write "fog+3"')
        elif not isinstance(demands, dict):
            problems.add(file, f'[corruptions.gates] "{name}" must be a table; write {{min_pass_rate = 0.5}}')
        else:
            place = f'[corruptions.gates] "{name}"'
            _unknown_keys(demands, ("min_pass_rate", "max_drop"), f"{place} key", file, problems)
            for key in ("min_pass_rate", "max_drop"):
                _number(demands, key, 0.0, 1.0, place, file, problems)


def _read_gates(table: Mapping[str, Any], settings: SuiteSettings, file: Path, problems: Problems) -> None:
    for name, demands in table.items():
        where = f"[gates] {name}"
        if name == _SLIPPING:
            if not isinstance(demands, dict) or "max" not in demands:
                problems.add(file, f"{where} must have max; write {name} = {{max = 0.2}}")
                continue
            _unknown_keys(demands, ("max",), f"{where} key", file, problems)
            settings.max_slipping = _number(demands, "max", 0.0, 4.0, where, file, problems)
            continue
        try:
            # Checks only the name: reading a suite must not import metrics.
            METRIC_REGISTRY.check(name)
        except UserError as error:
            for line in error.lines:
                problems.add(file, f"[gates] {line}")
            continue
        if not isinstance(demands, dict) or not demands:
            problems.add(file, f"{where} must have min, max or both; write {name} = {{max = 0.05}}")
            continue
        _unknown_keys(demands, ("min", "max"), f"{where} key", file, problems)
        low, high = (_number(demands, key, -_ANY, _ANY, where, file, problems) for key in ("min", "max"))
        if low is not None and high is not None and low > high:
            problems.add(file, f"{where}: min {low:g} is above max {high:g}; swap them")
        elif low is not None or high is not None:
            settings.gates[name] = MetricGate(low, high)


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _unknown_keys(table: Mapping[str, Any], known: tuple[str, ...], kind: str, file: Path, problems: Problems) -> None:
    for key in table:
        if key not in known:
            problems.add(file, f"unknown {kind} {key!r}; {suggestion(key, known)}")


def _table(document: Mapping[str, Any], key: str, file: Path, problems: Problems) -> Mapping[str, Any]:
    value = document.get(key, {})
    if isinstance(value, dict):
        return value
    problems.add(file, f"{key!r} must be a table ({plural(1, 'value')} found); write [{key}]")
    return {}


def _typed(
    table: Mapping[str, Any], key: str, kind: type, default: Any, file: Path, problems: Problems, where: str = ""
) -> Any:
    value = table.get(key, default)
    if isinstance(value, kind):
        return value
    problems.add(file, f"{where} {key!r} must be a string, not {_shown(value)}; put it in quotes".strip())
    return default


def _number(
    table: Mapping[str, Any], key: str, low: float, high: float, where: str, file: Path, problems: Problems
) -> float | None:
    value = table.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        span = "" if high == _ANY else f" from {low:g} to {high:g}"
        problems.add(file, f"{where} {key} must be a number{span}, not {_shown(value)}".strip())
        return None
    return float(value)


def _shown(value: Any) -> str:
    try:
        return repr(value)
    except ValueError:
        # A hexadecimal number may have more digits than Python prints.
        return "a number of thousands of digits"
