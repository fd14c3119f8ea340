"""The image processor of a model folder, always with Pillow: makes the model's input of a picture, in any thread."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import first_line, listed, one_line
from tierbench.models.files import MAX_SIDE, processor_files, read_json
from tierbench.models.quick_preparation import quick_preparation
from tierbench.models.quiet import quiet_transformers
from tierbench.models.timm_config import is_timm, timm_preprocessing
from tierbench.models.timm_processor import TimmProcessor

if TYPE_CHECKING:
    import torch
    from PIL import Image

    # What a model takes of one picture: its pixels, or, by name, all that its forward() asks for.
    Prepared: TypeAlias = torch.Tensor | Mapping[str, torch.Tensor]

# Side of ImageNet-C's pictures.
_SQUARE = 224
_PIXELS = "pixel_values"


class ImageProcessor:
    """The image processor in a folder; it is loaded at first use.

    Args:
        folder: holds `preprocessor_config.json` or `processor_config.json`, or the `config.json` of a timm model;
            checked by `read_model_folder`.
        place: the model, for messages.
    """

    def __init__(self, folder: Path, place: str) -> None:
        self._folder = folder
        self._place = place
        # By `cropped` and `raw`; None where only the image processor itself makes the pixels.
        self._quick: dict[tuple[bool, bool], Callable[[Image.Image], Prepared] | None] = {}

    def preparation(self, *, cropped: bool, raw: bool = False) -> Callable[[Image.Image], Prepared]:
        """Return the function that makes the model's input of a picture; see `Prepares`.

        The input is a tensor of pixels, shape [channels, height, width], if the model takes nothing else; otherwise all
        its tensors by name.

        Args:
            cropped: whether pictures are cropped already.
            raw: whether the pixels stay those of the picture, 0 to 255, neither rescaled nor normalised.

        Raises:
            UserError: if the image processor cannot be used.
        """
        # Loaded here, not in the threads that call the function.
        processor = self.loaded
        height, width = self.input_size
        options = {"do_resize": False, "do_center_crop": False} if cropped else {}
        options |= {"do_rescale": False, "do_normalize": False} if raw else {}
        edge = _shortest_edge(processor)

        def processed(image: Image.Image) -> Prepared:
            tensors = processor(images=[image], return_tensors="pt", **options)
            prepared = {name: _in_float32(tensor[0]) for name, tensor in tensors.items()}
            return prepared[_PIXELS] if set(prepared) == {_PIXELS} else prepared

        if (cropped, raw) not in self._quick:
            self._quick[cropped, raw] = quick_preparation(processor, options, processed)
        quick = self._quick[cropped, raw] or processed

        def prepare(image: Image.Image) -> Prepared:
            if cropped:
                image = self._resized(image, (width, height))
            else:
                _check_shape(image, edge)
            return (quick if image.mode == "RGB" else processed)(image)

        return prepare

    def pixels(self, *, cropped: bool, raw: bool = False) -> Callable[[Image.Image], torch.Tensor]:
        """Return the function that makes pixels of a picture, for a model that takes nothing else; see `preparation`.

        Raises:
            UserError: as `preparation` does; the function raises one where the image processor makes more than pixels.
        """
        prepare = self.preparation(cropped=cropped, raw=raw)

        def prepare_pixels(image: Image.Image) -> torch.Tensor:
            prepared = prepare(image)
            if isinstance(prepared, Mapping):
                raise UserError(
                    f"{self._place}: takes pixels only, but its image processor makes {listed(prepared)} too; "
                    "name another image processor"
                )
            return prepared

        return prepare_pixels

    @cached_property
    def input_size(self) -> tuple[int, int]:
        """Height and width of what the image processor makes of a square picture.

        Raises:
            UserError: if it cannot process a picture, or makes one of it that is too large.
        """
        from PIL import Image

        # Processors describe their resize and crop in many ways; trying it out holds for all of them.
        processor, square = self.loaded, Image.new("RGB", (_SQUARE, _SQUARE))
        try:
            height, width = _size_of(processor(images=[square], return_tensors="pt"), processor)
        except Exception as error:
            # What the folder names need not be an image processor, and its settings may be anything.
            raise UserError(
                f"{self._place}: its image processor cannot process a picture ({first_line(error)}); "
                "save the model's own image processor into the folder"
            ) from error
        if max(height, width) > MAX_SIDE:
            raise UserError(
                f"{self._place}: its image processor makes {height} × {width} pixels of a picture, more than "
                f"{MAX_SIDE} × {MAX_SIDE}; correct its size"
            )
        return height, width

    @cached_property
    def loaded(self) -> Any:
        """The image processor of transformers, or one of ours that does the same as timm's.

        Raises:
            UserError: if transformers cannot load it, or has it for torchvision only.
        """
        file = self._folder / "config.json"
        config = read_json(file, self._place, "save the model with save_pretrained()") if file.is_file() else {}
        if is_timm(config):
            return TimmProcessor(timm_preprocessing(config, self._place, MAX_SIDE))
        with quiet_transformers():
            from transformers import AutoImageProcessor

            self._check_backend()
            try:
                # Always resize with Pillow: with torchvision installed, the default would be different.
                return AutoImageProcessor.from_pretrained(
                    self._folder, backend="pil", local_files_only=True, trust_remote_code=False
                )
            except Exception as error:
                raise UserError(
                    f"{self._place}: transformers cannot load its image processor ({first_line(error)})"
                ) from error

    def _check_backend(self) -> None:
        """Refuse an image processor that transformers has for torchvision only, whether that is installed or not."""
        from transformers.models.auto.image_processing_auto import (  # type: ignore[attr-defined]  # it is extended there
            IMAGE_PROCESSOR_MAPPING_NAMES,
        )

        for file in processor_files(self._folder, self._place):
            settings = read_json(file, self._place, "save its image processor again")
            name = str(settings.get("image_processor_type", "")).removesuffix("Fast")
            backends = [names for names in IMAGE_PROCESSOR_MAPPING_NAMES.values() if name in names.values()]
            if backends and all("pil" not in names for names in backends):
                raise UserError(
                    f"{self._place}: transformers has its image processor ({one_line(name, 60)}) for torchvision only, "
                    "and pictures are prepared with Pillow here; write a python: factory that prepares them"
                )

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


def _in_float32(tensor: torch.Tensor) -> torch.Tensor:
    """Return the tensor, as float32 if it holds floats; masks, sizes and tokens are whole numbers."""
    return tensor.float() if tensor.is_floating_point() else tensor


def _size_of(tensors: Mapping[str, torch.Tensor], processor: Any) -> tuple[int, int]:
    """Return height and width of what an image processor made of a picture."""
    pixels = tensors.get(_PIXELS)
    if pixels is not None and pixels.ndim == 4:
        height, width = pixels.shape[-2:]
    elif "spatial_shapes" in tensors:
        # NaFlex: a row of patches, and how many there are in each direction.
        height, width = (int(count) * int(processor.patch_size) for count in tensors["spatial_shapes"][0])
    else:
        # Tokens, of a picture of this size.
        height, width = processor.size["height"], processor.size["width"]
    return int(height), int(width)
