"""Make a tiny random model of any class that transformers maps to image classification, and save it as users do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from PIL import Image
from transformers import AutoConfig, AutoImageProcessor
from transformers.models.auto.image_processing_auto import (  # type: ignore[attr-defined]  # it is extended there
    IMAGE_PROCESSOR_MAPPING_NAMES,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES

# An unusual number, so that the last layer is known by it.
LABELS = tuple(f"thing {index}" for index in range(7))
# The name of each mapped class, with its model type.
CLASSES: Mapping[str, str] = {
    name: kind
    for kind, names in MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES.items()
    for name in ([names] if isinstance(names, str) else names)
}
# Settings that make a model small, by the names that most configs have for them.
_SMALL: Mapping[str, int] = {
    "embed_dim": 24,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
# What a model type needs besides, to be small or to fit its image processor.
_PERCEIVER = {"d_latents": 32, "num_latents": 8, "num_self_attends_per_block": 1, "num_cross_attention_heads": 1}
_CONFIGS: Mapping[str, Mapping[str, Any]] = {
    "cvt": {"depth": [1, 2, 3], "embed_dim": [16, 32, 48], "num_heads": [1, 2, 3]},
    "efficientnet": {"width_coefficient": 0.2, "depth_coefficient": 0.2, "hidden_dim": 256},
    "imagegpt": {"n_embd": 32, "n_layer": 2, "n_head": 2},
    "mobilevit": {"hidden_sizes": [36, 48, 60], "neck_hidden_sizes": [8, 8, 16, 16, 24, 32, 64]},
    "mobilevitv2": {"width_multiplier": 0.5},
    "perceiver": {**_PERCEIVER, "num_self_attention_heads": 2, "image_size": 64},
    "textnet": {"stem_out_channels": 16, "hidden_sizes": [16, 16, 16, 16, 16]},
    "timm_wrapper": {
        "architecture": "test_resnet",
        "pretrained_cfg": {
            "input_size": [3, 96, 96],
            "crop_pct": 0.9,
            "interpolation": "bicubic",
            "crop_mode": "border",
        },
    },
}
_CLUSTERS = np.random.default_rng(5).uniform(-1, 1, (512, 3))
_PROCESSORS: Mapping[str, Mapping[str, Any]] = {
    **{kind: {"size": {"shortest_edge": 160}} for kind in ("convnext", "convnextv2", "cvt", "regnet", "resnet")},
    "donut-swin": {"size": {"height": 224, "width": 224}},
    "imagegpt": {"clusters": _CLUSTERS, "size": {"height": 32, "width": 32}},
    "efficientnet": {"size": {"height": 96, "width": 96}},
    "perceiver": {"size": {"height": 64, "width": 64}},
    "segformer": {"size": {"height": 160, "width": 160}},
    "textnet": {"size": {"shortest_edge": 96}},
}


def save_tiny(name: str, folder: Path, pictures: Sequence[Image.Image]) -> Path:
    """Save a tiny random model of a class with its image processor; its outputs for the pictures are far apart."""
    kind = CLASSES[name]
    torch.manual_seed(3)
    model = getattr(transformers, name)(_config(kind))
    model.save_pretrained(folder)
    if kind != "timm_wrapper":
        backends = IMAGE_PROCESSOR_MAPPING_NAMES.get(kind) or {"pil": "ViTImageProcessorPil"}
        make = getattr(transformers, backends.get("pil") or backends["torchvision"])
        make(**_PROCESSORS.get(kind, {})).save_pretrained(folder)
    processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
    squares = processor(images=[picture.resize((64, 64)) for picture in pictures], return_tensors="pt")
    with torch.no_grad():
        _spread(model, squares)
    model.save_pretrained(folder)
    return folder


def _config(kind: str) -> Any:
    """Return a config with few and narrow layers; the model's input stays about as large as that of real ones."""
    config: Any = AutoConfig.for_model(kind)
    settings = {**_shrunk(config.to_dict()), **_CONFIGS.get(kind, {})}
    return type(config)(**settings, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)))


def _shrunk(settings: Mapping[str, Any]) -> dict[str, Any]:
    small: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict) and name.endswith("_config"):
            small[name] = _shrunk(value)
        elif name == "depths":
            small[name] = [1] * len(value)
        elif name in _SMALL and isinstance(value, int):
            small[name] = _SMALL[name]
    return small


def _spread(model: Any, inputs: Mapping[str, torch.Tensor]) -> None:
    """Change the weights such that the logits of pictures differ: those of random nets are nearly equal."""
    for layer in model.modules():
        if isinstance(layer, torch.nn.Linear | torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight, nonlinearity="linear")
        elif isinstance(layer, torch.nn.modules.batchnorm._BatchNorm):
            layer.momentum = None
            layer.train()
    model(**inputs)
    spread = model.eval()(**inputs).logits.std(dim=0).mean()
    for tensor in model.parameters():
        if tensor.ndim >= 2 and tensor.shape[0] == len(LABELS):
            tensor /= spread
