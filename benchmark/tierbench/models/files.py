"""Check and hash the files of a transformers model, and read its labels, without torch."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import file_sha256, is_regular, open_regular
from tierbench.common.text import one_line, plural, printable
from tierbench.models.timm_config import is_timm, timm_head, timm_preprocessing, with_timm_labels
from tierbench.models.weights_file import read_weights

_WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
_PICKLES = ("pytorch_model.bin", "pytorch_model.bin.index.json", "tf_model.h5", "flax_model.msgpack")
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
_ADAPTERS = ("adapter_config.json", "adapter_model.safetensors", "adapter_model.bin")
# The largest side, in pixels, that a picture may be resized to.
MAX_SIDE = 4096
# Of settings of image processors, most of them in pixels.
_SIZES = ("size", "crop_size", "pad_size", "height", "width", "shortest_edge", "longest_edge")
_RANGES = {**dict.fromkeys(_SIZES, (1, MAX_SIDE)), "crop_pct": (0.1, 1)}
# A config with 22,000 labels has about 2 MB.
_MAX_JSON_BYTES = 100 * 2**20


@dataclass(frozen=True)
class ModelFiles:
    """A folder that `AutoModelForImageClassification` can load.

    Attributes:
        spec: as the user wrote it.
        folder: where the files are.
        labels: the names of the classes, by index.
        multi_label: whether the outputs are sigmoids.
        fingerprint: 16 hexadecimal digits over weights, config and preprocessing.
        given_labels: names of the classes that replaced those in the config; None: its own.
        file_size: bytes of the weights.
        file_dtype: what most of the weights are stored as; None: unknown.
    """

    spec: str
    folder: Path
    labels: tuple[str, ...]
    multi_label: bool
    fingerprint: str
    given_labels: tuple[str, ...] | None = None
    file_size: int | None = None
    file_dtype: str | None = None


def read_model_folder(folder: Path, spec: str, labels: Sequence[str] | None = None) -> ModelFiles:
    """Check a model folder and read its labels.

    Args:
        folder: as `save_pretrained()` writes it.
        spec: as the user wrote it.
        labels: names of the classes that replace those in the config.

    Raises:
        UserError: if the config, the weights in safetensors, the preprocessing or the names of the labels are missing;
            or if the weights in use would be others than the ones in the folder: an adapter, or a file that the config
            names.
    """
    place = f"model {one_line(spec)!r}"
    config = read_json(folder / "config.json", place, "save the model with save_pretrained()")
    weights = weight_files(folder, config, place)
    processors = [] if is_timm(config) else processor_files(folder, place)
    if config.get("problem_type") == "regression":
        raise UserError(f"{place}: is a regression model (problem_type in its config.json); name an image classifier")
    if is_timm(config):
        timm_preprocessing(config, place, MAX_SIDE)
        config = with_timm_labels(config, place, named=labels is not None)
    if labels is not None:
        config = _named(config, labels, place)
    names = config_labels(config, place)
    stored = read_weights(weights)
    stored.check_layers(config, place)
    if (count := stored.classes(timm_head(config))) not in (None, len(names)):
        where, fix = "its config.json", "save model and config again, with save_pretrained()"
        if labels is not None:
            where, fix = "its label file", "write one label per line"
        raise UserError(
            f"{place}: {where} has {plural(len(names), 'label')}, but the last layer in {weights[0].name} has "
            f"{plural(count or 0, 'output')}; {fix}"
        )
    return ModelFiles(
        spec=spec,
        folder=folder,
        labels=names,
        multi_label=_is_multi_label(config),
        fingerprint=fingerprint_of(config, [*processors, *weights]),
        given_labels=None if labels is None else tuple(labels),
        file_size=stored.file_size,
        file_dtype=stored.dtype,
    )


def weight_files(folder: Path, config: Mapping[str, Any], place: str) -> list[Path]:
    """Return the files of the weights in a model folder, all in safetensors.

    Args:
        folder: the model's folder.
        config: what its config.json says.
        place: the model, for messages.

    Raises:
        UserError: if there are none, or the weights in use would be others: an adapter, or a file that the config
            names.
    """
    _check_no_other_weights(folder, config, place)
    weights = [folder / name for name in _WEIGHTS if (folder / name).is_file()]
    if not weights:
        pickles = [name for name in _PICKLES if (folder / name).is_file()]
        if pickles:
            raise UserError(
                f"{place}: has its weights only in {pickles[0]}, and pickles are never loaded; save them with "
                "save_pretrained(), which writes model.safetensors"
            )
        raise UserError(
            f"{place}: has no weights (model.safetensors), and pickled ones are never loaded; "
            "save it with save_pretrained()"
        )
    weights = weights[:1]
    if weights[0].suffix == ".json":
        index = read_json(weights[0], place, "save the model again")
        weights += _shards(index, folder, place)
    return weights


def processor_files(folder: Path, place: str) -> list[Path]:
    """Return the files of the image processor in a model folder.

    Args:
        folder: the model's folder.
        place: the model, for messages.

    Raises:
        UserError: if there is none, or it would make pictures so large that they fill the memory.
    """
    found = [folder / name for name in PROCESSORS if (folder / name).is_file()]
    if not found:
        raise UserError(
            f"{place}: has no preprocessor_config.json, so its preprocessing is unknown; "
            "save its image processor into the folder"
        )
    for file in found:
        _check_sizes(read_json(file, place, "save its image processor again"), file.name, place)
    return found


def read_json(file: Path, place: str, fix: str) -> dict[str, Any]:
    """Read an object from a JSON file of a model.

    Args:
        file: the file.
        place: the model, for messages.
        fix: what the user should do about a file that is missing or broken.

    Raises:
        UserError: if the file is missing, broken, no object, or nested too deeply.
    """
    try:
        with open_regular(file) as stream:
            content = json.loads(stream.read(_MAX_JSON_BYTES).decode())
        # Nested so deeply that it could be read, but not written.
        json.dumps(content)
    except RecursionError:
        raise UserError(f"{place}: {file.name} is nested too deeply; {fix}") from None
    except FileNotFoundError:
        raise UserError(f"{place}: has no {file.name}; {fix}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{place}: {file.name} cannot be read ({one_line(str(error))}); {fix}") from error
    if not isinstance(content, dict):
        raise UserError(f"{place}: {file.name} is not a JSON object; {fix}")
    return content


def _check_no_other_weights(folder: Path, config: Mapping[str, Any], place: str) -> None:
    for name in _ADAPTERS:
        if (folder / name).exists():
            raise UserError(
                f"{place}: has an adapter ({name}), and adapters are not loaded; merge it first, with peft's "
                "merge_and_unload(), and save the whole model"
            )
    if "transformers_weights" in config:
        raise UserError(
            f"{place}: its config.json names other weights (transformers_weights), and only model.safetensors is "
            "loaded; merge it first: load the model and save it with save_pretrained()"
        )


def _check_sizes(settings: Mapping[str, Any], name: str, place: str, levels: int = 3) -> None:
    """Refuse an image processor that would make pictures so large that they fill the memory."""
    for key, value in settings.items():
        if isinstance(value, dict) and levels:
            _check_sizes(value, name, place, levels - 1)
        for number in value if isinstance(value, list) else [value]:
            low, high = _RANGES.get(key, (-math.inf, math.inf))
            if key in _RANGES and isinstance(number, int | float) and not low <= number <= high:
                raise UserError(f"{place}: {name} has {key} = {one_line(str(number), 40)}; it must be {low} to {high}")


def _shards(index: Mapping[str, Any], folder: Path, place: str) -> list[Path]:
    names = index.get("weight_map")
    if not isinstance(names, dict) or not all(isinstance(name, str) for name in names.values()):
        raise UserError(f"{place}: model.safetensors.index.json has no weight_map; save the model again")
    shards = sorted(set(names.values()))
    for name in shards:
        if Path(name).name != name or not is_regular(folder / name):
            raise UserError(f"{place}: the shard {one_line(Path(name).name)} is missing; save the model again")
    return [folder / name for name in shards]


def _named(config: Mapping[str, Any], labels: Sequence[str], place: str) -> dict[str, Any]:
    """Return the config with other names of the classes; if the config says how many there are, check the number."""
    known = config.get("id2label")
    count = len(known) if isinstance(known, dict) and known else config.get("num_labels", len(labels))
    if count != len(labels):
        raise UserError(f"{place}: has {count} classes, but its label file has {len(labels)}; write one label per line")
    return {**config, "id2label": {str(index): label for index, label in enumerate(labels)}}


def config_labels(config: Mapping[str, Any], place: str) -> tuple[str, ...]:
    """Return the names of the classes in a transformers config, by index.

    Raises:
        UserError: if it has none, only `LABEL_0` and so on, or fewer than its other settings say.
    """
    names = config.get("id2label")
    fix = (
        "write the names of the classes into id2label in its config.json, or one per line into a file for "
        "--robust-labels [NAME=]FILE (tierbench: --labels)"
    )
    if not isinstance(names, dict) or not names:
        raise UserError(f"{place}: its config.json has no labels; {fix}")
    try:
        by_index = {int(index): printable(str(name)) for index, name in names.items()}
    except ValueError:
        raise UserError(f"{place}: the keys of id2label must be numbers; {fix}") from None
    if sorted(by_index) != list(range(len(by_index))):
        raise UserError(f"{place}: the keys of id2label must run from 0 to {len(by_index) - 1}; {fix}")
    # transformers makes as many names as this says.
    if (count := config.get("num_labels", len(by_index))) != len(by_index):
        given = one_line(str(count), 40)
        raise UserError(f"{place}: num_labels is {given}, but id2label has {len(by_index)} names; {fix}")
    labels = tuple(by_index[index] for index in range(len(by_index)))
    if all(re.fullmatch(r"LABEL_\d+", label) for label in labels):
        raise UserError(
            f"{place}: its labels are only LABEL_0 to LABEL_{len(labels) - 1}, which no suite can expect; {fix}"
        )
    return labels


def _is_multi_label(config: Mapping[str, Any]) -> bool:
    """Return whether the outputs are sigmoids, by the rule of the transformers pipeline."""
    return config.get("problem_type") == "multi_label_classification" or len(config["id2label"]) == 1


def fingerprint_of(config: Mapping[str, Any], files: Sequence[Path]) -> str:
    """Return 16 hexadecimal digits over a config and the contents of files."""
    # The version that wrote the config does not change predictions.
    relevant = {name: value for name, value in config.items() if name != "transformers_version"}
    digest = hashlib.sha256(json.dumps(relevant, sort_keys=True).encode())
    for file in files:
        digest.update(f"{file.name}:{file_sha256(file)}\n".encode())
    return digest.hexdigest()[:16]
