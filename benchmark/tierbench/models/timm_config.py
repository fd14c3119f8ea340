"""Read the config of a timm model, labels and preprocessing, without torch and without importing timm."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.text import one_line

# What timm takes where a config is silent.
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_CROP_PCT = 0.875
# Beyond any mean or deviation of pixels that are 0 to 1.
_MOST = 1e6
_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "box", "hamming", "lanczos")
# By the number of classes: the end of the tag of models that were trained on this set, and timm's file of its classes.
_IMAGENETS: Mapping[int, tuple[str, str]] = {
    1000: ("in1k", "imagenet_synsets.txt"),
    11821: ("in12k", "imagenet12k_synsets.txt"),
    21841: ("in22k", "imagenet22k_synsets.txt"),
    21843: ("in21k", "imagenet21k_goog_synsets.txt"),
}


@dataclass(frozen=True, slots=True)
class TimmPreprocessing:
    """How timm prepares a picture to evaluate a model.

    Attributes:
        height, width: of the model's input.
        interpolation: how the picture is resized, as Pillow names it in small letters.
        crop_pct: how much of the resized picture is left after the crop, in each direction.
        crop_mode: `center` resizes the shortest edge, `border` the longest one and pads the other, `squash` both.
        mean, std: of each channel, from 0 to 1.
    """

    height: int
    width: int
    interpolation: str
    crop_pct: float
    crop_mode: str
    mean: tuple[float, ...]
    std: tuple[float, ...]


def is_timm(config: Mapping[str, Any]) -> bool:
    """Return whether a config is of a timm model, as timm writes it or as transformers' wrapper of timm does."""
    kind = config.get("model_type")
    return kind == "timm_wrapper" or (kind is None and "pretrained_cfg" in config)


def timm_preprocessing(config: Mapping[str, Any], place: str, max_side: int) -> TimmPreprocessing:
    """Return the preprocessing that the config of a timm model describes.

    Args:
        config: the content of `config.json`.
        place: the model, for messages.
        max_side: the largest side, in pixels, that a picture may be resized to.

    Raises:
        UserError: if it describes none, or one that cannot be used.
    """
    settings = config.get("pretrained_cfg")
    if not isinstance(settings, dict) or not settings:
        raise UserError(
            f"{place}: has no pretrained_cfg in its config.json, so its preprocessing is unknown; "
            "save the model again, with timm's save_for_hf()"
        )
    size = settings.get("input_size") or [3, 224, 224]
    crop_pct = settings.get("crop_pct") or _CROP_PCT
    interpolation = settings.get("interpolation") or "bicubic"
    mean, std = settings.get("mean") or _MEAN, settings.get("std") or _STD
    problem = ""
    if not _are_numbers(size, 1, max_side) or not all(isinstance(side, int) for side in size) or size[0] != 3:
        problem = f"input_size must be [3, height, width], in pixels up to {max_side}"
    elif not _are_numbers([crop_pct], 0.1, 1, count=1) or max(size) / crop_pct > max_side:
        problem = f"crop_pct must be 0.1 to 1, and resize no side to more than {max_side} pixels"
    elif interpolation not in _INTERPOLATIONS:
        problem = f"interpolation must be one of {', '.join(_INTERPOLATIONS)}"
    elif not _are_numbers(mean, -_MOST, _MOST) or not _are_numbers(std, 1 / _MOST, _MOST):
        problem = "mean and std must be three numbers each, std above 0"
    if problem:
        raise UserError(f"{place}: cannot use the pretrained_cfg in its config.json: {problem}; correct it")
    # Any other mode is timm's default too.
    mode = settings.get("crop_mode") if settings.get("crop_mode") in ("border", "squash") else "center"
    return TimmPreprocessing(size[1], size[2], interpolation, crop_pct, str(mode), tuple(mean), tuple(std))


def timm_head(config: Mapping[str, Any]) -> str | None:
    """Return the name of the last layer of a timm model, if its config gives one."""
    settings = config.get("pretrained_cfg")
    name = settings.get("classifier") if isinstance(settings, dict) else None
    return name if isinstance(name, str) else None


def with_timm_labels(config: Mapping[str, Any], place: str, *, named: bool) -> dict[str, Any]:
    """Return the config of a timm model with `id2label` and `num_labels`, as transformers writes them.

    The names are those of `label_names`, or their `label_descriptions`. A model without names whose tag says that it
    was trained on ImageNet has those that timm gives the classes of ImageNet.

    Args:
        config: the content of `config.json`.
        place: the model, for messages.
        named: whether the user gives the names.

    Raises:
        UserError: if the names come with timm, which is not installed.
    """
    settings = config.get("pretrained_cfg")
    settings = settings if isinstance(settings, dict) else {}
    count = config.get("num_classes", config.get("num_labels", settings.get("num_classes")))
    labels = _names(config) or _names(settings) or config.get("id2label")
    tag = str(settings.get("tag", ""))
    if not labels and not named and isinstance(count, int) and count in _IMAGENETS:
        end, file = _IMAGENETS[count]
        if re.search(rf"(^|_){end}$", tag):
            names = _imagenet_names(file)
            if names is None:
                raise UserError(
                    f"{place}: its classes are those of ImageNet (tag {one_line(tag, 40)!r}), whose names come with "
                    "timm; pip install 'tierbench[timm]', or write one per line into a file for --robust-labels "
                    "[NAME=]FILE (tierbench: --labels)"
                )
            labels = {str(index): name for index, name in enumerate(names)}
    completed = {**config, "id2label": labels} if labels else dict(config)
    return completed if count is None else {**completed, "num_labels": count}


def _names(config: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the names of the classes by index: `label_names`, each replaced by its description if there is one."""
    names, descriptions = config.get("label_names"), config.get("label_descriptions")
    if not isinstance(names, list | dict) or not names:
        return None
    by_index = names if isinstance(names, dict) else dict(enumerate(names))
    described = descriptions if isinstance(descriptions, dict) else {}
    return {str(index): str(described.get(str(name), name)) for index, name in by_index.items()}


def _imagenet_names(file: str) -> list[str] | None:
    """Return the names that timm gives the classes of ImageNet; its files are read, as importing it imports torch."""
    spec = find_spec("timm")
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(spec.submodule_search_locations[0]) / "data" / "_info"
    try:
        synsets = (folder / file).read_text(encoding="utf-8").split()
        with (folder / "imagenet_synset_to_lemma.txt").open(encoding="utf-8", newline="") as stream:
            names = {row[0]: row[1] for row in csv.reader(stream, delimiter="\t")}
        return [names[synset] for synset in synsets]
    except (OSError, ValueError, LookupError, csv.Error):
        return None


def _are_numbers(values: object, low: float, high: float, count: int = 3) -> bool:
    return (
        isinstance(values, list | tuple)
        and len(values) == count
        and all(isinstance(value, int | float) and low <= value <= high for value in values)
    )
