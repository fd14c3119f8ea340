"""The steps in words are what the image processors do: carried out by hand, they give the same pixels."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from tierbench.models.preprocessing_steps import preprocessing_steps

Array = npt.NDArray[Any]
AREA = r"(\d+) × (\d+)(?: \(height × width\))?"
FILTERS = {"nearest": 0, "Lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "Hamming": 5}
STD = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
# Not symmetric, so that no pixel is as near to one as to another.
COLOURS = [[-0.91, -0.83, -0.77], [0.94, 0.89, 0.81], [0.87, -0.73, -0.92], [-0.71, 0.93, -0.86], [-0.97, -0.74, 0.82]]

PROCESSORS: list[tuple[str, dict[str, Any]]] = [
    ("BeitImageProcessorPil", {}),
    ("BeitImageProcessorPil", {"do_center_crop": True, "size": {"height": 250, "width": 260}}),
    ("BitImageProcessorPil", {}),
    ("BlipImageProcessorPil", {}),
    ("CLIPImageProcessorPil", {"size": {"shortest_edge": 232}, "resample": 1}),
    ("ChineseCLIPImageProcessorPil", {}),
    ("ConvNextImageProcessorPil", {}),
    ("ConvNextImageProcessorPil", {"size": {"shortest_edge": 224}, "crop_pct": 0.95}),
    ("DeiTImageProcessorPil", {}),
    ("DeiTImageProcessorPil", {"do_resize": False}),
    ("DonutImageProcessorPil", {"size": {"height": 320, "width": 240}}),
    ("DonutImageProcessorPil", {"size": {"height": 320, "width": 240}, "do_align_long_axis": True}),
    ("EfficientNetImageProcessorPil", {}),
    ("EfficientNetImageProcessorPil", {"rescale_factor": 1 / 127.5, "rescale_offset": True, "include_top": False}),
    ("EfficientNetImageProcessorPil", {"do_center_crop": True, "do_normalize": False}),
    ("Gemma3ImageProcessorPil", {}),
    ("ImageGPTImageProcessorPil", {"size": {"height": 16, "width": 16}, "clusters": COLOURS}),
    ("LevitImageProcessorPil", {}),
    ("LevitImageProcessorPil", {"size": {"height": 256, "width": 240}}),
    ("MobileNetV1ImageProcessorPil", {}),
    ("MobileNetV2ImageProcessorPil", STD),
    ("MobileViTImageProcessorPil", {}),
    ("MobileViTImageProcessorPil", {"do_flip_channel_order": False}),
    ("PerceiverImageProcessorPil", {}),
    ("PoolFormerImageProcessorPil", {}),
    ("PoolFormerImageProcessorPil", {"size": {"height": 224, "width": 192}}),
    ("PvtImageProcessorPil", {}),
    ("SegformerImageProcessorPil", {}),
    ("Siglip2ImageProcessorPil", {"max_num_patches": 64}),
    ("SiglipImageProcessorPil", {"do_rescale": False, "do_normalize": False}),
    ("TextNetImageProcessorPil", {"size": {"shortest_edge": 210}}),
    ("ViTImageProcessorPil", {"resample": 0}),
    ("ViTImageProcessorPil", {"size": {"shortest_edge": 200, "longest_edge": 260}}),
    ("ViTImageProcessorPil", {"size": {"max_height": 200, "max_width": 150}}),
    (
        "ViTImageProcessorPil",
        {"size": {"shortest_edge": 100}, "do_pad": True, "pad_size": {"height": 400, "width": 500}},
    ),
]


@pytest.mark.parametrize("shape", [(300, 200), (180, 290), (64, 64)], ids=["portrait", "landscape", "square"])
@pytest.mark.parametrize(
    ("name", "settings"), PROCESSORS, ids=[f"{i}-{name}" for i, (name, _) in enumerate(PROCESSORS)]
)
def test_the_steps_by_hand_give_the_pixels_of_the_processor(
    name: str, settings: dict[str, Any], shape: tuple[int, int]
) -> None:
    import transformers

    processor = getattr(transformers, name)(**settings)
    pixels = np.random.default_rng(3).integers(0, 255, (*shape, 3), dtype=np.uint8)
    outputs = processor(images=[Image.fromarray(pixels)], return_tensors="np")
    expected = outputs["input_ids"] if "input_ids" in outputs else outputs["pixel_values"]
    steps = preprocessing_steps(processor.to_dict())
    assert steps[0] == "decode RGB"
    actual: Any = pixels
    for step in steps[1:]:
        actual = carried_out(step, actual)
    if not any(step.startswith(("replace", "cut")) for step in steps):
        actual = actual.transpose(2, 0, 1)
    assert actual.shape == expected[0].shape, steps
    # The words round the numbers to six digits.
    np.testing.assert_allclose(actual, expected[0], atol=2e-4, err_msg=str(steps))


def test_every_pillow_processor_of_an_image_classifier_is_in_the_table() -> None:
    from transformers.models.auto import image_processing_auto, modeling_auto

    kinds = [
        *modeling_auto.MODEL_FOR_IMAGE_CLASSIFICATION_MAPPING_NAMES,
        *modeling_auto.MODEL_FOR_ZERO_SHOT_IMAGE_CLASSIFICATION_MAPPING_NAMES,
    ]
    # An export that mypy does not see.
    processors = vars(image_processing_auto)["IMAGE_PROCESSOR_MAPPING_NAMES"]
    names = {(processors.get(kind) or {}).get("pil") for kind in kinds}
    # The settings of timm's are another test's.
    assert names - {None, "TimmWrapperImageProcessor"} <= {name for name, _ in PROCESSORS}


def test_timm_s_config_in_words() -> None:
    config = {
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "crop_pct": 0.95,
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    assert preprocessing_steps({"image_processor_type": "TimmWrapperImageProcessor", "pretrained_cfg": config}) == [
        "decode RGB",
        "resize shortest edge to 235, bicubic",
        "crop 224 × 224 at the centre",
        "scale by 1/255",
        "normalise with mean 0.485, 0.456, 0.406 and deviation 0.229, 0.224, 0.225",
    ]
    squashed = preprocessing_steps({**config, "crop_mode": "squash", "input_size": [3, 224, 320], "crop_pct": 1.0})
    assert squashed[1:3] == [
        "resize to 224 × 320 (height × width), bicubic",
        "crop 224 × 320 (height × width) at the centre",
    ]


def test_a_processor_that_leaves_the_picture_as_it_is() -> None:
    assert preprocessing_steps({}) == ["decode RGB"]


def carried_out(step: str, pixels: Array) -> Array:
    """Do what a step says with a picture of shape [height, width, channels]."""
    for pattern, action in ACTIONS.items():
        if match := re.fullmatch(pattern, step):
            return action(pixels, *match.groups())
    raise AssertionError(f"nobody can carry out {step!r}")


def resized(pixels: Array, height: float, width: float, name: str) -> Array:
    return np.asarray(Image.fromarray(pixels).resize((int(width), int(height)), Image.Resampling(FILTERS[name])))


def to_the_shortest_edge(pixels: Array, edge: str, longest: str | None, multiple: str | None, name: str) -> Array:
    height, width = pixels.shape[:2]
    short, target = min(height, width), float(edge)
    if longest and max(height, width) / short * target > float(longest):
        target = float(longest) * short / max(height, width)
    near = round(target)
    height, width = (near if side == short else int(target * side / short) for side in (height, width))
    if multiple:
        height, width = (-(-side // int(multiple)) * int(multiple) for side in (height, width))
    return resized(pixels, height, width, name)


def fitted(pixels: Array, height: str, width: str, name: str) -> Array:
    factor = min(int(height) / pixels.shape[0], int(width) / pixels.shape[1])
    return resized(pixels, int(pixels.shape[0] * factor), int(pixels.shape[1] * factor), name)


def shrunk(pixels: Array, height: str, width: str, name: str) -> Array:
    if pixels.shape[0] <= int(height) and pixels.shape[1] <= int(width):
        return pixels
    rows, columns = min(pixels.shape[0], int(height)), min(pixels.shape[1], int(width))
    if pixels.shape[0] > pixels.shape[1]:
        columns = int(pixels.shape[1] * rows / pixels.shape[0])
    elif pixels.shape[1] > pixels.shape[0]:
        rows = int(pixels.shape[0] * columns / pixels.shape[1])
    return resized(pixels, rows, columns, name)


def to_patches(pixels: Array, count: str, edge: str, _: str, name: str) -> Array:
    side, scale = int(edge), 0.0
    rows, columns = best = (1, 1)
    while rows * columns <= int(count):
        best = (rows, columns)
        scale += 1e-3
        rows, columns = (max(1, int(np.ceil(scale * length / side))) for length in pixels.shape[:2])
    return resized(pixels, best[0] * side, best[1] * side, name)


def cropped(pixels: Array, height: str, width: str) -> Array:
    rows, columns = int(height), int(width)
    canvas = np.zeros((max(rows, pixels.shape[0]), max(columns, pixels.shape[1]), 3), pixels.dtype)
    top, left = (-(-(large - small) // 2) for large, small in zip(canvas.shape[:2], pixels.shape[:2], strict=True))
    canvas[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
    top, left = (canvas.shape[0] - rows) // 2, (canvas.shape[1] - columns) // 2
    return canvas[top : top + rows, left : left + columns]


def cropped_to_a_share(pixels: Array, height: str, rows: str, width: str, columns: str) -> Array:
    short = min(pixels.shape[:2])
    return cropped(pixels, str(int(int(height) / int(rows) * short)), str(int(int(width) / int(columns) * short)))


def turned(pixels: Array, height: str, width: str) -> Array:
    across = (int(width) - int(height)) * (pixels.shape[1] - pixels.shape[0]) < 0
    return np.rot90(pixels, 3) if across else pixels


def padded(pixels: Array, height: str, width: str, where: str) -> Array:
    rows, columns = int(height) - pixels.shape[0], int(width) - pixels.shape[1]
    top, left = (rows // 2, columns // 2) if where == "on all sides" else (0, 0)
    return np.pad(pixels, ((top, rows - top), (left, columns - left), (0, 0)))


def in_patches(pixels: Array, edge: str, _: str, count: str) -> Array:
    side = int(edge)
    rows, columns = pixels.shape[0] // side, pixels.shape[1] // side
    patches = pixels.reshape(rows, side, columns, side, 3).swapaxes(1, 2).reshape(rows * columns, -1)
    return np.pad(patches, ((0, int(count) - len(patches)), (0, 0)))


def nearest(pixels: Array) -> Array:
    distances = ((pixels[:, :, None, :] - np.array(COLOURS)) ** 2).sum(-1)
    numbers_of_colours: Array = distances.argmin(-1).reshape(-1)
    return numbers_of_colours


def numbers(text: str) -> Array:
    return np.array([float(number) for number in text.split(", ")])


ACTIONS: dict[str, Callable[..., Array]] = {
    r"resize shortest edge to (\d+)(?:, longest edge to at most (\d+))?"
    r"(?:, both edges up to a multiple of (\d+))?, (\w+)": to_the_shortest_edge,
    rf"resize to fit into {AREA}, (\w+)": fitted,
    rf"shrink to fit into {AREA}, (\w+)": shrunk,
    r"resize to at most (\d+) patches of (\d+) × (\d+), (\w+)": to_patches,
    rf"resize to {AREA}, (\w+)": resized,
    rf"crop {AREA} at the centre": cropped,
    r"crop (\d+)/(\d+) × (\d+)/(\d+) of the shortest edge at the centre": cropped_to_a_share,
    rf"turn by 90° where it lies across {AREA}": turned,
    rf"pad to {AREA} (on all sides|at the right and the bottom)": padded,
    r"scale by 1/([\d.]+)": lambda pixels, divisor: pixels / float(divisor),
    r"scale by 1/([\d.]+) and subtract 1": lambda pixels, divisor: pixels / float(divisor) - 1,
    r"normalise with mean (.+) and deviation (.+)": lambda pixels, mean, std: (pixels - numbers(mean)) / numbers(std),
    r"divide by (.+)": lambda pixels, std: pixels / numbers(std),
    r"swap red and blue": lambda pixels: pixels[:, :, ::-1],
    r"replace each pixel by the number of the nearest of 5 colours": nearest,
    r"cut into patches of (\d+) × (\d+), filled up to (\d+)": in_patches,
}
