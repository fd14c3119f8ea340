"""Check and hash the files of an ONNX model, and read its labels, without running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tierbench.common.errors import UserError
from tierbench.common.files import expanded, is_folder, is_regular
from tierbench.common.text import listed, one_line
from tierbench.models.files import config_labels, fingerprint_of, processor_files, read_json
from tierbench.models.onnx_graph import check_installed, external_files, read_graph
from tierbench.models.onnx_signature import Signature, read_settings, signature_of

# Numbers of element types in ONNX that parameters have; the others hold shapes and indices.
_WEIGHTS = {
    1: "float32",
    10: "float16",
    16: "bfloat16",
    11: "float64",
    2: "uint8",
    3: "int8",
    21: "uint4",
    22: "int4",
}


@dataclass(frozen=True)
class OnnxFiles:
    """An ONNX model with all that is needed to use it.

    Attributes:
        spec: as the user wrote it.
        file: the ONNX file.
        external: files beside it that hold weights.
        processor: the folder of its image processor.
        config: the content of the `config.json` beside it; empty if there is none.
        labels: the names of the classes, by index.
        multi_label: whether the outputs are sigmoids.
        fingerprint: 16 hexadecimal digits over the graph, weights, config, labels and preprocessing.
        signature: what the graph takes and returns.
        weights: number of parameters of each type.
        graph: opset, producer and name of the graph.
        given_labels: names of the classes that replaced those in the config; None: its own.
    """

    spec: str
    file: Path
    external: tuple[Path, ...]
    processor: Path
    config: dict[str, Any]
    labels: tuple[str, ...]
    multi_label: bool
    fingerprint: str
    signature: Signature
    weights: dict[str, int]
    graph: dict[str, Any]
    given_labels: tuple[str, ...] | None = None

    @cached_property
    def file_size(self) -> int:
        """Bytes of the graph and its weights."""
        return sum(file.stat().st_size for file in (self.file, *self.external))


def read_onnx_model(
    path: Path, spec: str, *, labels: Sequence[str] | None = None, processor: Path | None = None
) -> OnnxFiles:
    """Check an ONNX model, and read its labels and what its graph takes and returns.

    Args:
        path: an ONNX file, or a folder with one.
        spec: as the user wrote it.
        labels: names of the classes that replace those in the config.
        processor: the folder with its image processor; None: that of the file.

    Raises:
        UserError: if it cannot be used; each line says what is wrong and how to fix it.
    """
    place = f"model {one_line(spec)!r}"
    check_installed(place)
    file = _onnx_file(path, place)
    config_file = file.with_name("config.json")
    config = read_json(config_file, place, "correct or remove it") if config_file.exists() else {}
    if config.get("problem_type") == "regression":
        raise UserError(f"{place}: is a regression model (problem_type in its config.json); name an image classifier")
    names = _labels(config, labels, place)
    home = processor or file.parent
    processors = _processors(home, place, given=processor is not None)
    model = read_graph(file, place)
    external = external_files(model, file.parent, place)
    signature = signature_of(model.graph, read_settings(config, place), len(names), place)
    if signature.labels not in (None, len(names)):
        source = "its config.json names" if labels is None else "its label file has"
        raise UserError(f"{place}: it has {signature.labels} classes, but {source} {len(names)}; correct the labels")
    weights: dict[str, int] = {}
    for tensor in model.graph.initializer:
        if kind := _WEIGHTS.get(tensor.data_type):
            count = 1
            for length in tensor.dims:
                count *= length
            weights[kind] = weights.get(kind, 0) + count
    by_rule = config.get("problem_type") == "multi_label_classification" or len(names) == 1
    return OnnxFiles(
        spec=spec,
        file=file,
        external=tuple(external),
        processor=home,
        config=config,
        labels=names,
        multi_label=signature.outputs == "sigmoid" or (signature.outputs == "logits" and by_rule),
        fingerprint=fingerprint_of({**config, "id2label": names}, [*processors, file, *external]),
        signature=signature,
        weights=weights,
        graph={
            "name": one_line(model.graph.name, 80),
            "producer": one_line(f"{model.producer_name} {model.producer_version}".strip(), 80),
            "opset": max((entry.version for entry in model.opset_import if entry.domain in ("", "ai.onnx")), default=0),
        },
        given_labels=None if labels is None else tuple(labels),
    )


def onnx_path(spec: str, root: Path) -> Path:
    """Return the file or folder that `onnx:PATH` names."""
    return root / expanded(spec.partition(":")[2].strip())


def _onnx_file(path: Path, place: str) -> Path:
    """Return the ONNX file that a path names: itself, `model.onnx` in the folder, or the only one there."""
    if is_folder(path):
        files = sorted(each for each in path.iterdir() if each.suffix == ".onnx")
        if (path / "model.onnx") in files:
            return path / "model.onnx"
        if len(files) == 1:
            return files[0]
        found = f"several ONNX files ({listed(each.name for each in files)})" if files else "no model.onnx"
        raise UserError(f"{place}: the folder has {found}; name the file: onnx:FOLDER/FILE.onnx")
    if not is_regular(path):
        raise UserError(f"{place}: there is no such file or folder; write onnx:FILE.onnx or onnx:FOLDER")
    return path


def _labels(config: dict[str, Any], labels: Sequence[str] | None, place: str) -> tuple[str, ...]:
    if labels is not None:
        return tuple(labels)
    if not config:
        raise UserError(
            f"{place}: no config.json beside it names its labels; write them, one per line, into a file for "
            "--robust-labels [NAME=]FILE (tierbench: --labels)"
        )
    return config_labels(config, place)


def _processors(folder: Path, place: str, *, given: bool) -> list[Path]:
    if not given and not any(
        is_regular(folder / name) for name in ("preprocessor_config.json", "processor_config.json")
    ):
        raise UserError(
            f"{place}: no preprocessor_config.json is beside it, so its preprocessing is unknown; save its image "
            "processor there, or name its folder with --robust-processor [NAME=]FOLDER (tierbench: --processor)"
        )
    return processor_files(folder, place)
