"""Say in words, step by step, what an image processor does with a picture. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

# Pillow's numbers for its filters.
_FILTERS = {0: "nearest", 1: "Lanczos", 2: "bilinear", 3: "bicubic", 4: "box", 5: "Hamming"}
# From this size on, the image processor of ConvNeXT resizes without a crop.
_UNCROPPED = 384
# They have no crop, whatever their settings say.
_NEVER_CROP = ("ImageGPTImageProcessor", "SegformerImageProcessor", "Siglip2ImageProcessor", "Gemma3ImageProcessor")


def preprocessing_steps(settings: Mapping[str, Any]) -> list[str]:
    """Return what is done with a picture, one step an entry, in the order in which it is done.

    Args:
        settings: of an image processor of transformers, as its `to_dict()` returns them, or timm's `pretrained_cfg`.

    >>> preprocessing_steps({"do_resize": True, "size": {"shortest_edge": 256}, "resample": 2})
    ['decode RGB', 'resize shortest edge to 256, bilinear']
    """
    timm = settings.get("pretrained_cfg", settings)
    if isinstance(timm, Mapping) and "input_size" in timm:
        return ["decode RGB", *_timm_steps(timm)]
    kind = str(settings.get("image_processor_type", "")).removesuffix("Fast").removesuffix("Pil")
    resize = _RESIZES.get(kind, _resize_steps)(settings) if settings.get("do_resize") else []
    crop = [_crop_step(settings.get("crop_size"))] if settings.get("do_center_crop") else []
    if kind == "PerceiverImageProcessor":
        # It crops before it resizes, and to a share of the picture.
        placed = [*(_perceiver_crop(settings) if crop else []), *resize]
    elif kind == "DonutImageProcessor":
        placed = [*_donut_steps(settings, resize), *crop]
    elif kind in _NEVER_CROP:
        placed = resize
    else:
        placed = [*resize, *crop]
    return ["decode RGB", *placed, *_value_steps(settings, kind), *_last_steps(settings, kind)]


def _value_steps(settings: Mapping[str, Any], kind: str) -> list[str]:
    """Return the steps that change the values of the pixels, not their number."""
    steps = []
    if settings.get("do_rescale"):
        offset = " and subtract 1" if settings.get("rescale_offset") else ""
        steps.append(f"scale by {_factor(settings.get('rescale_factor', 1 / 255))}{offset}")
    deviation = _numbers(settings.get("image_std"))
    if settings.get("do_normalize") and kind != "MobileViTImageProcessor":
        steps.append(f"normalise with mean {_numbers(settings.get('image_mean'))} and deviation {deviation}")
    if settings.get("include_top") and kind == "EfficientNetImageProcessor":
        steps.append(f"divide by {deviation}")
    return steps


def _last_steps(settings: Mapping[str, Any], kind: str) -> list[str]:
    steps = []
    if settings.get("do_flip_channel_order"):
        steps.append("swap red and blue")
    if settings.get("do_color_quantize"):
        colours = settings.get("clusters")
        count = f"{len(colours)} " if isinstance(colours, list) else ""
        steps.append(f"replace each pixel by the number of the nearest of {count}colours")
    if kind == "Siglip2ImageProcessor":
        patch = settings.get("patch_size")
        steps.append(f"cut into patches of {patch} × {patch}, filled up to {settings.get('max_num_patches')}")
    if settings.get("do_pad") and kind != "DonutImageProcessor" and settings.get("pad_size"):
        steps.append(f"pad to {_area(settings.get('pad_size'))} at the right and the bottom")
    return steps


def _resize_steps(settings: Mapping[str, Any]) -> list[str]:
    size = _sides(settings.get("size"))
    if edge := size.get("shortest_edge"):
        limit = f", longest edge to at most {size['longest_edge']}" if size.get("longest_edge") else ""
        target = f"shortest edge to {edge}{limit}"
    elif size.get("max_height") and size.get("max_width"):
        target = f"to fit into {_area({'height': size['max_height'], 'width': size['max_width']})}"
    else:
        target = f"to {_area(size)}"
    return [_resize(target, settings)]


def _convnext_resize(settings: Mapping[str, Any]) -> list[str]:
    edge = _edge(settings)
    if edge >= _UNCROPPED:
        return [_resize(f"to {edge} × {edge}", settings)]
    wider = int(edge / settings.get("crop_pct", 224 / 256))
    return [_resize(f"shortest edge to {wider}", settings), f"crop {edge} × {edge} at the centre"]


def _poolformer_resize(settings: Mapping[str, Any]) -> list[str]:
    size, share = _sides(settings.get("size")), settings.get("crop_pct")
    if not share:
        return _resize_steps(settings)
    height, width = (int(size.get(side) or size.get("shortest_edge") or 0) for side in ("height", "width"))
    if height == width:
        return [_resize(f"shortest edge to {int(height / share)}", settings)]
    return [_resize(f"to {_area({'height': int(height / share), 'width': int(width / share)})}", settings)]


def _levit_resize(settings: Mapping[str, Any]) -> list[str]:
    if not (edge := _edge(settings)):
        return _resize_steps(settings)
    return [_resize(f"shortest edge to {int(256 / 224 * edge)}", settings)]


def _textnet_resize(settings: Mapping[str, Any]) -> list[str]:
    divisor = settings.get("size_divisor", 32)
    return [_resize(f"shortest edge to {_edge(settings)}, both edges up to a multiple of {divisor}", settings)]


def _siglip2_resize(settings: Mapping[str, Any]) -> list[str]:
    patch = settings.get("patch_size")
    return [_resize(f"to at most {settings.get('max_num_patches')} patches of {patch} × {patch}", settings)]


def _donut_resize(settings: Mapping[str, Any]) -> list[str]:
    size = _sides(settings.get("size"))
    return [_resize(f"shortest edge to {min(size.get('height', 0), size.get('width', 0))}", settings)]


_RESIZES = {
    "ConvNextImageProcessor": _convnext_resize,
    "PoolFormerImageProcessor": _poolformer_resize,
    "LevitImageProcessor": _levit_resize,
    "TextNetImageProcessor": _textnet_resize,
    "Siglip2ImageProcessor": _siglip2_resize,
    "DonutImageProcessor": _donut_resize,
}


def _donut_steps(settings: Mapping[str, Any], resize: list[str]) -> list[str]:
    area = _area(settings.get("size"))
    turn = [f"turn by 90° where it lies across {area}"] if settings.get("do_align_long_axis") else []
    shrink = [_resize(f"to fit into {area}", settings, "shrink")] if settings.get("do_thumbnail") else []
    pad = [f"pad to {area} on all sides"] if settings.get("do_pad") else []
    return [*turn, *resize, *shrink, *pad]


def _perceiver_crop(settings: Mapping[str, Any]) -> list[str]:
    size, crop = _sides(settings.get("size")), _sides(settings.get("crop_size"))
    shares = [f"{size.get(side)}/{crop.get(side)}" for side in ("height", "width")]
    return [f"crop {' × '.join(shares)} of the shortest edge at the centre"]


def _timm_steps(config: Mapping[str, Any]) -> list[str]:
    height, width = config["input_size"][-2:]
    share, mode = config.get("crop_pct") or 0.875, config.get("crop_mode") or "center"
    wide = {"height": int(height / share), "width": int(width / share)}
    how = str(config.get("interpolation") or "bicubic")
    if mode == "squash":
        target = f"to {_area(wide)}"
    elif mode == "border":
        target = f"to fit into {_area(wide)}"
    elif height == width:
        target = f"shortest edge to {wide['height']}"
    else:
        target = f"to cover {_area(wide)}"
    mean, deviation = (_numbers(config.get(name)) for name in ("mean", "std"))
    return [
        f"resize {target}, {how}",
        _crop_step({"height": height, "width": width}),
        "scale by 1/255",
        f"normalise with mean {mean} and deviation {deviation}",
    ]


def _resize(target: str, settings: Mapping[str, Any], verb: str = "resize") -> str:
    resample = settings.get("resample", 2)
    return f"{verb} {target}, {_FILTERS.get(resample, resample)}"


def _crop_step(size: Any) -> str:
    return f"crop {_area(size)} at the centre"


def _sides(size: Any) -> Mapping[str, Any]:
    """Return a size by the names of its sides; a bare number is that of a square."""
    return size if isinstance(size, Mapping) else {"height": size, "width": size}


def _edge(settings: Mapping[str, Any]) -> int:
    return int(_sides(settings.get("size")).get("shortest_edge") or 0)


def _area(size: Any) -> str:
    """Return height × width."""
    sides = _sides(size)
    height, width = sides.get("height"), sides.get("width")
    return f"{height} × {width}" if height == width else f"{height} × {width} (height × width)"


def _factor(factor: Any) -> str:
    return f"1/{1 / factor:.6g}" if isinstance(factor, int | float) and 0 < factor < 1 else str(factor)


def _numbers(values: Any) -> str:
    """Return numbers in a row; once, if they are equal."""
    numbers = list(values) if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    if len(set(map(str, numbers))) == 1:
        numbers = numbers[:1]
    return ", ".join(f"{number:.6g}" if isinstance(number, int | float) else str(number) for number in numbers)
