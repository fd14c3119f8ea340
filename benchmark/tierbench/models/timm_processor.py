"""The image processor of a timm model: its evaluation transform with Pillow and NumPy, as timm's needs torchvision."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tierbench.models.timm_config import TimmPreprocessing

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

_BLACK = (0, 0, 0)


class TimmProcessor:
    """Prepares pictures as `timm.data.create_transform(is_training=False)` does; called like those of transformers.

    Args:
        settings: read from the model's config.
    """

    def __init__(self, settings: TimmPreprocessing) -> None:
        from PIL import Image

        self._settings = settings
        self.resample = Image.Resampling[settings.interpolation.upper()]
        # As timm: rounded down.
        self._scaled = (math.floor(settings.height / settings.crop_pct), math.floor(settings.width / settings.crop_pct))
        self.size = {"shortest_edge": min(self._scaled)} if settings.crop_mode == "center" else {}

    def __call__(
        self,
        images: Sequence[Image.Image],
        *,
        return_tensors: str = "pt",
        do_resize: bool = True,
        do_center_crop: bool = True,
        do_rescale: bool = True,
        do_normalize: bool = True,
    ) -> dict[str, torch.Tensor]:
        """Return the pixels of RGB pictures, shape [n_images, 3, height, width].

        Args:
            images: RGB pictures.
            return_tensors: only `pt`, as transformers calls torch's.
            do_resize: False: the pictures have the size of the model's input.
            do_center_crop: False: nothing is cropped off.
            do_rescale, do_normalize: False: the pixels are those of the picture, 0 to 255; timm does both or neither.
        """
        import numpy as np
        import torch

        pictures = [self._resized(image) if do_resize else image for image in images]
        if do_center_crop:
            pictures = [self._cropped(picture) for picture in pictures]
        arrays = [np.asarray(picture, dtype=np.float32).transpose(2, 0, 1) for picture in pictures]
        if do_rescale and do_normalize:
            arrays = [self._normalised(pixels) for pixels in arrays]
        return {"pixel_values": torch.from_numpy(np.stack(arrays))}

    def to_dict(self) -> dict[str, Any]:
        """Return the settings, as timm names them."""
        settings = asdict(self._settings)
        size = [3, settings.pop("height"), settings.pop("width")]
        return {"image_processor_type": "TimmWrapperImageProcessor", "input_size": size, **settings}

    def _resized(self, image: Image.Image) -> Image.Image:
        height, width = self._scaled
        if self._settings.crop_mode != "squash":
            ratios = image.height / height, image.width / width
            if self._settings.crop_mode == "border":
                ratio = max(ratios)
                height, width = round(image.height / ratio), round(image.width / ratio)
            elif height != width:
                ratio = min(ratios)
                height, width = round(image.height / ratio), round(image.width / ratio)
            elif image.width <= image.height:
                # torchvision rounds the long edge down.
                height = int(height * image.height / image.width)
            else:
                width = int(width * image.width / image.height)
        size = max(width, 1), max(height, 1)
        return image if image.size == size else image.resize(size, self.resample)

    def _cropped(self, image: Image.Image) -> Image.Image:
        from PIL import ImageOps

        height, width = self._settings.height, self._settings.width
        across, down = max(width - image.width, 0), max(height - image.height, 0)
        if across or down:
            border = (across // 2, down // 2, (across + 1) // 2, (down + 1) // 2)
            image = ImageOps.expand(image, border, self._fill)
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
        return image.crop((left, top, left + width, top + height))

    @property
    def _fill(self) -> tuple[int, ...]:
        if self._settings.crop_mode != "border":
            return _BLACK
        return tuple(round(255 * value) for value in self._settings.mean)

    def _normalised(self, pixels: np.ndarray) -> np.ndarray:
        import numpy as np

        mean, std = (
            np.array(values, dtype=np.float32)[:, None, None] for values in (self._settings.mean, self._settings.std)
        )
        normalised: np.ndarray = (pixels / np.float32(255) - mean) / std
        return normalised
