"""What a run is asked to do: the values of the options, checked once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import expanded
from tierbench.common.shard import Shard
from tierbench.common.text import one_line, plural, suggestion
from tierbench.corruptions.selection import parse_corruptions, parse_severities
from tierbench.models.endpoint_settings import endpoint_settings
from tierbench.models.endpoint_spec import is_unversioned
from tierbench.models.model_paths import label_files, processor_folders
from tierbench.models.spec import ModelSpec, parse_models
from tierbench.runs.baseline_source import BaselineChoice
from tierbench.runs.regression import DEFAULT_MAX_DROP, LARGEST_DROP
from tierbench.scoring.model_pool import ModelOptions
from tierbench.suites.datasets import SetSpec, parse_sets
from tierbench.suites.datasets.set_gates import SetGates, read_gates

# Decoding a picture of this size takes 6 GB.
LARGEST_PICTURE = 1_000_000_000


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a run was asked to do; paths are absolute.

    Attributes:
        root: the top of the repository.
        models: the models under test, at least one, and how they are opened.
        own_model: whether a `classifier` fixture of the user's returns the first model.
        cases: suite folders, or folders of suites.
        only: folders of the suites that have tests, where pytest was pointed at them; empty: all.
        reports: the folder that takes one folder a run.
        baseline: what to compare with.
        update_baseline: whether this run becomes the baseline.
        reference: name of the model that the other ones of the run are held against; empty: none.
        gate: `auto`, `thresholds`, `flips` or `regression`.
        max_drop: a margin that falls by more than this against the baseline is a regression; in typical margins of the
            model, in (0, 4].
        corruptions: names of the corruptions to sweep tier 1 through; empty: no sweep.
        severities: of the sweep, 1 to 5.
        corruption_geometry: the part of a picture that the sweep corrupts, `imagenet-c` or `whole`.
        markdown: where a summary of the run goes; None: nowhere.
        missing_cases: `fail` or `report` cases of the baseline that the run lacks; empty: fail, but only report suites
            that were never fetched.
        narrowed_by: what leaves out tests on purpose, such as `-k`; empty if nothing does.
        problems: what is wrong with the options, a line each; a default stands where a value cannot be used.
        shard: the part of the cases that this machine judges; None: all.
        merge: folders of the shards whose results are judged, in place of a model's.
        arguments: of pytest, which ask for the same tests and gates again; for `tierbench merge`.
        sets: the data sets, in the order of the run.
        usual_sets: names of the sets that the settings name, whichever the command line chose.
        set_gates: what is demanded of data sets, by name.
        sample: number of pictures of each data set that are predicted; 0: all.
        stops: whether a data set stops as soon as its demands are decided.
        explain: the cases whose pictures get attribution maps: `none`, `failures`, `flips` or `all`.
        explain_limit: the largest number of them.
    """

    root: Path
    models: ModelOptions
    own_model: bool
    cases: tuple[Path, ...]
    only: frozenset[Path]
    reports: Path
    baseline: BaselineChoice
    update_baseline: bool
    reference: str
    gate: str
    max_drop: float
    corruptions: tuple[str, ...]
    severities: tuple[int, ...]
    corruption_geometry: str
    markdown: Path | None
    missing_cases: str
    narrowed_by: str
    problems: tuple[str, ...] = ()
    shard: Shard | None = None
    merge: tuple[Path, ...] = ()
    arguments: tuple[str, ...] = ()
    sets: tuple[SetSpec, ...] = ()
    usual_sets: frozenset[str] = frozenset()
    set_gates: Mapping[str, SetGates] = field(default_factory=dict)
    sample: int = 0
    stops: bool = False
    explain: str = "none"
    explain_limit: int = 50


def run_config(
    root: Path,
    given: Mapping[str, Any],
    problems: list[str],
    *,
    cases: tuple[Path, ...],
    only: frozenset[Path],
    own_model: bool,
    narrowed_by: str,
    arguments: tuple[str, ...] = (),
    usual_sets: Sequence[str] = (),
) -> RunConfig:
    """Return the configuration for the values of the options.

    Args:
        root: the top of the repository; relative paths start from it.
        given: the value of every option, by its name without `--robust-`.
        problems: what is wrong with the options already; more is added.
        cases: suite folders, or folders of suites.
        only: folders of the suites that pytest was pointed at.
        own_model: whether a `classifier` fixture of the user's returns the model.
        narrowed_by: what leaves out tests on purpose; empty if nothing does.
        arguments: see `RunConfig`.
        usual_sets: the data sets of the settings, as they are written there.
    """
    batch_size, max_drop = given["batch_size"], given["max_drop"]
    if batch_size < 0:
        problems.append(f"--robust-batch-size {batch_size} must be 1 or more, or 0 to choose it by device and memory")
        batch_size = 0
    if not 0 < max_drop <= LARGEST_DROP:
        problems.append(f"--robust-max-drop {max_drop:g} must be above 0 and at most {LARGEST_DROP:g}")
        max_drop = DEFAULT_MAX_DROP
    # A model of the user's own is not the built-in one, and not what its baseline is about.
    default = "model=reference" if own_model else "reference"
    specs = parse_models(given["model"] or [default], problems) or (ModelSpec.parse(default),)
    if given["update_baseline"] and given["baseline"] not in ("", "none") and len(specs) > 1:
        problems.append(
            f"--robust-update-baseline: {plural(len(specs), 'model')} cannot share the baseline "
            f"{one_line(given['baseline'])!r}; leave --robust-baseline out, and each has its own"
        )
    if given["gate"] == "flips":
        problems += [
            f"--robust-gate flips: model {one_line(spec.name)!r} is an endpoint, which may serve another model by now; "
            "state its version, endpoint:…@version, or choose another gate"
            for spec in specs
            if is_unversioned(spec.spec)
        ]
    _check_compile(given, problems)
    shard, sample = _shard(given, problems), _sample(given, problems)
    explain = _explain(given, problems)
    reports = root / expanded(given["reports"])
    sets = parse_sets(given["dataset"], problems)
    set_gates = read_gates(cases, [each.name for each in sets], problems) if sets else {}
    return RunConfig(
        root=root,
        models=ModelOptions(
            specs=specs,
            labels=label_files(given["labels"], specs, root, problems),
            processors=processor_folders(given["processor"], specs, root, problems),
            backend=given["backend"],
            compiled=given["compile"],
            endpoints=endpoint_settings(
                specs, given["endpoint_timeout"], given["endpoint_concurrency"], given["endpoint_token"], problems
            ),
            root=root,
            device=given["device"],
            dtype=given["dtype"],
            batch_size=batch_size,
            missing_labels=given["missing_labels"],
            cache=not given["no_cache"],
            max_pixels=_max_pixels(given["max_pixels"], problems),
        ),
        own_model=own_model,
        cases=cases,
        only=only,
        reports=reports,
        baseline=BaselineChoice(root, reports, given["baseline"], given["require_baseline"]),
        update_baseline=given["update_baseline"],
        reference=_reference(given["reference"], [spec.name for spec in specs], problems),
        gate=given["gate"],
        max_drop=max_drop,
        corruptions=parse_corruptions(given["corruptions"], problems),
        severities=parse_severities(given["severities"], problems),
        corruption_geometry=given["corruption_geometry"],
        markdown=root / expanded(given["markdown"]) if given["markdown"] else None,
        missing_cases=given["missing_cases"],
        narrowed_by="--robust-shard" if shard else narrowed_by,
        problems=tuple(problems),
        shard=shard,
        merge=tuple(root / expanded(path) for path in given["merge"]),
        arguments=arguments,
        sets=sets,
        usual_sets=frozenset(each.name for each in parse_sets(usual_sets, [])),
        set_gates=set_gates,
        sample=sample,
        stops=given["stop_when"] == "decided",
        explain=explain,
        explain_limit=given["explain_limit"],
    )


def _check_compile(given: Mapping[str, Any], problems: list[str]) -> None:
    if given["compile"] and given["backend"] == "onnx":
        problems.append("--robust-compile compiles what torch runs; leave it out, or --robust-backend onnx")
    if given["compile"] and given["batch_size"] == 1:
        problems.append("--robust-compile compiles batches; leave it out, or --robust-batch-size 1")


def _sample(given: Mapping[str, Any], problems: list[str]) -> int:
    sample = int(given["sample"])
    if sample < 0:
        problems.append(f"--robust-sample {sample} must be 1 or more, or 0 for all pictures")
    if given["stop_when"]:
        if sample:
            problems.append("--robust-stop-when draws its own sample, as large as it needs; leave out --robust-sample")
        if given["shard"]:
            problems.append("--robust-stop-when: a shard cannot know what others have seen; leave out --robust-shard")
    return max(sample, 0)


def _explain(given: Mapping[str, Any], problems: list[str]) -> str:
    explain, limit = str(given["explain"]), given["explain_limit"]
    if limit < 1:
        problems.append(f"--robust-explain-limit {limit} must be 1 or more")
    if explain != "none" and find_spec("captum") is None:
        problems.append(f"--robust-explain {explain}: captum is missing; pip install 'tierbench[explain]'")
    return explain


def _shard(given: Mapping[str, Any], problems: list[str]) -> Shard | None:
    if not given["shard"]:
        return None
    if given["update_baseline"]:
        problems.append(
            "--robust-update-baseline: a shard has a part of the cases; merge all shards with `tierbench merge`, and "
            "accept the merged run with `tierbench baseline accept`"
        )
    try:
        return Shard.parse(given["shard"])
    except UserError as error:
        problems += error.lines
        return None


def _reference(given: str, names: Sequence[str], problems: list[str]) -> str:
    if not given or (given in names and len(names) > 1):
        return given
    option = f"--robust-reference {one_line(given)!r}"
    if given in names:
        problems.append(f"{option}: it is the only model of the run; add another one with --robust-model NAME=SPEC")
    else:
        problems.append(f"{option}: no model of the run has this name; {suggestion(given, names)}")
    return ""


def _max_pixels(given: int, problems: list[str]) -> int | None:
    if not 0 <= given <= LARGEST_PICTURE:
        problems.append(f"--robust-max-pixels {given} must be 1 to {LARGEST_PICTURE}, or 0 for the limit of Pillow")
        return None
    return given or None
