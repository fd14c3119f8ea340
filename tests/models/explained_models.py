"""Small transformers models whose answer is known to come from one part of the picture, in every layer real."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    ResNetConfig,
    ResNetForImageClassification,
    ViTConfig,
    ViTForImageClassification,
    ViTImageProcessorPil,
)

from tierbench.models.quiet import quiet_transformers

SIDE = 32
_LABELS = {0: "dark", 1: "light"}
_NAMES: dict[str, Any] = {"id2label": _LABELS, "label2id": {name: index for index, name in _LABELS.items()}}


def save_vit(folder: Path, processor: Any = None) -> Path:
    """Save a ViT whose class token attends to the patches of the top left quarter alone, and reads their brightness."""
    config = ViTConfig(
        image_size=SIDE, patch_size=8, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8,
        **_NAMES,
    )  # fmt: skip
    model: Any = ViTForImageClassification(config)
    _clear(model)
    with torch.no_grad():
        embeddings, layer = model.vit.embeddings, model.vit.layers[0]
        # Feature 0 is brightness, 1 the place, 2 marks the class token, 3 takes what it reads.
        embeddings.patch_embeddings.projection.weight[0].fill_(1 / 192)
        for index in range(16):
            inside = index % 4 < 2 and index // 4 < 2
            embeddings.position_embeddings[0, 1 + index, 1] = 3.0 if inside else -3.0
        embeddings.cls_token[0, 0, 2] = 3.0
        for norm in (layer.layernorm_before, layer.layernorm_after, model.vit.layernorm):
            norm.weight.fill_(1.0)
        attention = layer.attention
        attention.q_proj.weight[0, 2] = 10.0
        attention.k_proj.weight[0, 1] = 1.0
        attention.v_proj.weight[0, 0] = 1.0
        attention.o_proj.weight[3, 0] = 1.0
        model.classifier.weight[1, 3] = 4.0
    return _saved(model, folder, processor)


def save_cnn(folder: Path, processor: Any = None) -> Path:
    """Save a ResNet that adds up how much redder than grey each part of a picture is, and reads nothing else."""
    config = ResNetConfig(embedding_size=8, hidden_sizes=[8], depths=[1], layer_type="basic", **_NAMES)
    model: Any = ResNetForImageClassification(config)
    _clear(model)
    with torch.no_grad():
        for part in model.modules():
            if isinstance(part, torch.nn.BatchNorm2d):
                part.weight.fill_(1.0)
        model.resnet.embedder.embedder.convolution.weight[0, 0, 2:5, 2:5] = 1 / 9
        model.classifier[1].weight[1, 0] = 8.0
    return _saved(model, folder, processor)


def _clear(model: Any) -> None:
    with torch.no_grad():
        for tensor in model.parameters():
            tensor.zero_()


def _saved(model: Any, folder: Path, processor: Any) -> Path:
    with quiet_transformers():
        model.save_pretrained(folder)
    (processor or ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})).save_pretrained(folder)
    return folder
