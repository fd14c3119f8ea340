"""The image processor of a model folder, always with Pillow: makes the model's input of a picture, in any thread."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import first_line
from tierbench.models.files import MAX_SIDE
from tierbench.models.quiet import quiet_transformers

if TYPE_CHECKING:
    import torch
    from PIL import Image

# Side of ImageNet-C's pictures.
_SQUARE = 224


class ImageProcessor:
    """The image processor in a folder; it is loaded at first use.

    Args:
        folder: holds `preprocessor_config.json` or `processor_config.json`, checked by `read_model_folder`.
        place: the model, for messages.
    """

    def __init__(self, folder: Path, place: str) -> None:
        self._folder = folder
        self._place = place

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], torch.Tensor]:
        """Return the function that makes pixels of shape [channels, height, width] of a picture; see `Prepares`.

        Raises:
            UserError: if the image processor cannot be used.
        """
        import torch

        # Loaded here, not in the threads that call the function.
        processor = self.loaded
        height, width = self.input_size
        options = {"do_resize": False, "do_center_crop": False} if cropped else {}
        edge = _shortest_edge(processor)

        def prepare(image: Image.Image) -> torch.Tensor:
            if cropped:
                image = self._resized(image, (width, height))
            else:
                _check_shape(image, edge)
            pixels = processor(images=[image], return_tensors="pt", **options)["pixel_values"]
            prepared: torch.Tensor = pixels[0].to(torch.float32)
            return prepared

        return prepare

    @cached_property
    def input_size(self) -> tuple[int, int]:
        """Height and width of what the image processor makes of a square picture.

        Raises:
            UserError: if it cannot process a picture, or makes one of it that is too large.
        """
        from PIL import Image

        # Processors describe their resize and crop in many ways; trying it out holds for all of them.
        square = Image.new("RGB", (_SQUARE, _SQUARE))
        try:
            shape = self.loaded(images=[square], return_tensors="pt")["pixel_values"].shape
        except Exception as error:
            # What the folder names need not be an image processor, and its settings may be anything.
            raise UserError(
                f"{self._place}: its image processor cannot process a picture ({first_line(error)}); "
                "save the model's own image processor into the folder"
            ) from error
        height, width = shape[-2:]
        if max(height, width) > MAX_SIDE:
            raise UserError(
                f"{self._place}: its image processor makes {height} × {width} pixels of a picture, more than "
                f"{MAX_SIDE} × {MAX_SIDE}; correct its size"
            )
        return int(height), int(width)

    @cached_property
    def loaded(self) -> Any:
        """The image processor of transformers.

        Raises:
            UserError: if transformers cannot load it.
        """
        with quiet_transformers():
            from transformers import AutoImageProcessor

            try:
                # Always resize with Pillow: with torchvision installed, the default would be different.
                return AutoImageProcessor.from_pretrained(
                    self._folder, backend="pil", local_files_only=True, trust_remote_code=False
                )
            except Exception as error:
                raise UserError(
                    f"{self._place}: transformers cannot load its image processor ({first_line(error)})"
                ) from error

    def _resized(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        return image if image.size == size else image.resize(size, getattr(self.loaded, "resample", None))


def _shortest_edge(processor: Any) -> int:
    """Return what the shortest edge of every picture is resized to; 0 if pictures are resized in another way."""
    size: Any = getattr(processor, "size", None)
    try:
        return int(size["shortest_edge"] or 0) if "longest_edge" not in size or not size["longest_edge"] else 0
    except (KeyError, TypeError, ValueError):
        return 0


def _check_shape(image: Image.Image, edge: int) -> None:
    """Refuse a picture that is so long and narrow that resizing its shortest edge would fill the memory."""
    width, height = image.size
    pixels = edge * edge * max(width, height) / min(width, height)
    if pixels > MAX_SIDE * MAX_SIDE:
        raise PictureError(
            f"the image is too narrow ({width} × {height}): resized for the model it would have {pixels:,.0f} pixels"
        )
