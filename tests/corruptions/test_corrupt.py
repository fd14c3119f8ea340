"""Corruptions are seeded and reproducible, accept any image, and refuse wrong arguments."""

from __future__ import annotations

import doctest
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

import tierbench.corruptions.api
from tierbench.corruptions import (
    ALL_CORRUPTIONS,
    CORRUPTIONS,
    EXTRA_CORRUPTIONS,
    FAMILIES,
    MEAN_CORRUPTIONS,
    NEEDS_OPENCV,
    OWN_CORRUPTIONS,
    SEEDLESS,
    SEVERITIES,
    VARIANTS,
    corrupt,
    derive_seed,
    parameters,
)
from tierbench.corruptions.opencv import opencv
from tierbench.metrics import ALEXNET_ERRORS

from .photographs import photograph

CAT = photograph("chelsea", 64)
CELLS = [(name, severity) for name in ALL_CORRUPTIONS for severity in (1, 3, 5)]


def digest(variant: str) -> str:
    """Return a hash over one image under all corruptions."""
    total = hashlib.sha256()
    for name, severity in CELLS:
        total.update(corrupt(CAT, name, severity, seed=7, variant=variant).tobytes())
    return total.hexdigest()


def test_names_are_those_of_the_literature() -> None:
    assert len(MEAN_CORRUPTIONS) == 15
    assert set(MEAN_CORRUPTIONS) == set(ALEXNET_ERRORS)
    assert set(EXTRA_CORRUPTIONS) == {"speckle_noise", "gaussian_blur", "spatter", "saturate"}
    assert MEAN_CORRUPTIONS + EXTRA_CORRUPTIONS == CORRUPTIONS
    assert not set(OWN_CORRUPTIONS) & set(CORRUPTIONS)
    assert sorted(name for family in FAMILIES.values() for name in family) == sorted(ALL_CORRUPTIONS)


def test_the_two_tables_are_not_the_same() -> None:
    assert [parameters("gaussian_noise", s)[0] for s in SEVERITIES] == [0.08, 0.12, 0.18, 0.26, 0.38]
    cifar = [parameters("gaussian_noise", s, "cifar10_c")[0] for s in SEVERITIES]
    assert cifar == [0.04, 0.06, 0.08, 0.09, 0.1]
    for name in CORRUPTIONS:
        tables = [[tuple(parameters(name, s, variant)) for s in SEVERITIES] for variant in VARIANTS]
        assert tables[0] != tables[1]


@pytest.mark.parametrize("name", ALL_CORRUPTIONS)
def test_the_result_depends_on_the_seed(name: str) -> None:
    first, again, other = (corrupt(CAT, name, 3, seed=seed) for seed in (1, 1, 2))
    assert first.tobytes() == again.tobytes()
    assert (first.tobytes() == other.tobytes()) == (name in SEEDLESS)
    assert first.tobytes() != CAT.tobytes()


def test_threads_do_not_change_the_result() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(corrupt, CAT, name, severity, seed=7) for _ in range(3) for name, severity in CELLS]
        results = [future.result().tobytes() for future in found]
    assert results == [corrupt(CAT, name, severity, seed=7).tobytes() for name, severity in CELLS] * 3


def test_another_process_gets_the_same_bytes() -> None:
    code = "from corruptions.test_corrupt import digest; print(digest('imagenet_c'), digest('cifar10_c'))"
    tests, root = Path(__file__).parents[1], Path(__file__).parents[2]
    path = f"import sys; sys.path[:0] = [{str(tests)!r}, {str(root)!r}]; "
    done = subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [digest("imagenet_c"), digest("cifar10_c")]


@settings(deadline=None, max_examples=250)
@given(
    name=st.sampled_from(ALL_CORRUPTIONS),
    severity=st.sampled_from(SEVERITIES),
    variant=st.sampled_from(VARIANTS),
    height=st.integers(1, 70),
    width=st.integers(1, 70),
    seed=st.integers(0, 2**64),
    fill=st.sampled_from(["noise", "black", "white"]),
)
def test_any_size_is_corrupted(
    name: str, severity: int, variant: str, height: int, width: int, seed: int, fill: str
) -> None:
    noise = np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)
    clean = {"noise": noise, "black": noise * 0, "white": noise * 0 + np.uint8(255)}[fill]
    before = clean.copy()
    with np.errstate(all="raise", under="ignore"):
        result = corrupt(clean, name, severity, seed=seed, variant=variant)
    assert result.dtype == np.uint8
    assert result.shape == clean.shape
    assert result.flags.writeable
    assert not np.shares_memory(result, clean)
    assert np.array_equal(clean, before)


@pytest.mark.parametrize("name", ALL_CORRUPTIONS)
def test_large_and_oblong_images(name: str) -> None:
    clean = np.tile(photograph("coffee", 224), (3, 4, 1))
    assert corrupt(clean, name, 5, seed=0).shape == (672, 896, 3)


@pytest.mark.parametrize("name", ALL_CORRUPTIONS)
def test_image_in_image_out(name: str) -> None:
    result = corrupt(Image.fromarray(CAT), name, 2, seed=3)
    assert isinstance(result, Image.Image)
    assert result.mode == "RGB"
    assert np.array_equal(np.asarray(result), corrupt(CAT, name, 2, seed=3))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV", "LAB"])
def test_any_mode_becomes_rgb(mode: str) -> None:
    image = Image.fromarray(CAT).convert("L" if mode == "LAB" else mode)
    result = corrupt(image, "contrast", 1, seed=0)
    assert result.mode == "RGB"
    assert result.size == image.size


def test_transparent_areas_become_white() -> None:
    image = Image.new("RGBA", (8, 8), (200, 0, 0, 0))
    assert corrupt(image, "pixelate", 1, seed=0).getpixel((0, 0)) == (255, 255, 255)


def test_an_array_that_is_a_view_works() -> None:
    view = CAT[::-1, ::2]
    assert corrupt(view, "snow", 2, seed=0).tobytes() == corrupt(view.copy(), "snow", 2, seed=0).tobytes()


def test_jpeg85_is_the_encoding_of_the_released_files(tmp_path: Path) -> None:
    raw = corrupt(Image.fromarray(CAT), "fog", 2, seed=0)
    raw.save(tmp_path / "fog.jpg", quality=85, optimize=True)
    with Image.open(tmp_path / "fog.jpg") as image:
        expected = np.asarray(image)
    result = corrupt(CAT, "fog", 2, seed=0, jpeg85=True)
    assert np.array_equal(result, expected)
    assert not np.array_equal(result, np.asarray(raw))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"name": "fogg"}, ValueError, "unknown corruption 'fogg'; published: gaussian_noise, "),
        ({"name": "fogg"}, ValueError, "not published: rain, low_light"),
        ({"severity": 0}, ValueError, "unknown severity 0; choose one of 1, 2, 3, 4, 5"),
        ({"severity": 6}, ValueError, "unknown severity 6"),
        ({"severity": True}, ValueError, "unknown severity True"),
        ({"severity": 2.5}, ValueError, "unknown severity 2.5"),
        ({"variant": "cifar"}, ValueError, "unknown variant 'cifar'; choose one of imagenet_c, cifar10_c"),
        ({"seed": -1}, ValueError, "non-negative"),
        ({"seed": None}, TypeError, "seed must be an integer"),
        ({"image": "cat.png"}, TypeError, "image must be a PIL image or an array, got str"),
        ({"image": CAT / 255}, ValueError, r"uint8 of shape \[height, width, 3\], got float64"),
        ({"image": CAT[..., 0]}, ValueError, r"got uint8 of \[64, 64\]"),
        ({"image": CAT[:0]}, ValueError, "an empty image"),
        ({"image": Image.new("I;16", (8, 8))}, ValueError, "mode 'I;16' has no 8-bit colours"),
        ({"image": Image.new("F", (8, 8))}, ValueError, "mode 'F'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    call: dict[str, Any] = {"image": CAT, "name": "fog", "severity": 3, "seed": 0} | arguments
    with pytest.raises(error, match=message):
        corrupt(**call)


def test_without_opencv_there_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    opencv.cache_clear()
    try:
        with pytest.raises(ImportError, match=r"^this corruption needs OpenCV: pip install 'tierbench\[corr"):
            corrupt(CAT, "snow", 1, seed=0)
        # The others still work.
        corrupt(CAT, "fog", 1, seed=0)
    finally:
        opencv.cache_clear()


def test_seeds_are_derived_from_all_parts_and_never_change() -> None:
    assert derive_seed("vehicles/sedan_day", "fog", 3) == 14955859285252525512
    assert derive_seed("a", "b") != derive_seed("ab") != derive_seed("b", "a")
    assert derive_seed("3") != derive_seed(3)
    corrupt(CAT, "fog", 1, seed=derive_seed("vehicles/sedan_day", "fog", 1))


def test_the_examples_in_the_docstrings() -> None:
    assert doctest.testmod(tierbench.corruptions.api) == doctest.TestResults(failed=0, attempted=4)


def test_the_corruptions_that_need_opencv_are_listed() -> None:
    code = """
import sys
import numpy as np
sys.modules["cv2"] = None
from tierbench.corruptions import ALL_CORRUPTIONS, corrupt
picture = np.random.default_rng(0).integers(0, 255, (48, 48, 3), dtype=np.uint8)
for name in ALL_CORRUPTIONS:
    try:
        for severity in range(1, 6):
            corrupt(picture, name, severity, seed=0)
    except ImportError as error:
        assert str(error) == "this corruption needs OpenCV: pip install 'tierbench[corruptions]'"
        print(name)
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    assert set(answer.stdout.split()) == NEEDS_OPENCV
