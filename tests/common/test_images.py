"""Images are opened as a viewer shows them; the error of an unreadable image says why."""

from __future__ import annotations

import io
import os
import struct
import threading
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tierbench.common.images import PictureError, open_picture, quiet_pillow

RED, WHITE = (255, 0, 0), (255, 255, 255)


def opened(image: Image.Image, folder: Path, kind: str = "png", **options: Any) -> Image.Image:
    file = folder / f"image.{kind}"
    image.save(file, **options)
    picture = open_picture(file)
    assert picture.mode == "RGB"
    assert type(picture) is Image.Image  # and not one that holds the file
    return picture


def test_plain_colours_are_unchanged(tmp_path: Path) -> None:
    assert opened(Image.new("RGB", (3, 2), RED), tmp_path).getpixel((0, 0)) == RED
    assert opened(Image.new("L", (3, 2), 77), tmp_path).getpixel((0, 0)) == (77, 77, 77)
    assert opened(Image.new("1", (3, 2), 1), tmp_path).getpixel((0, 0)) == WHITE


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    red, green, blue = opened(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), tmp_path, "jpg", quality=100).getpixel(
        (8, 8)
    )  # type: ignore[misc]
    assert red > 240
    assert max(green, blue) < 15
    assert opened(Image.new("CMYK", (4, 4), (0, 0, 0, 255)), tmp_path, "tif").getpixel((1, 1)) == (0, 0, 0)


def test_16_bits_are_scaled_to_8(tmp_path: Path) -> None:
    values = np.array([[0, 256, 32768, 65535]], dtype=np.uint16)
    for kind in ("png", "tif"):
        picture = opened(Image.fromarray(values), tmp_path, kind)
        assert np.asarray(picture)[0, :, 0].tolist() == [0, 1, 128, 255]


def test_16_bits_in_32_bit_integers_are_scaled_too(tmp_path: Path) -> None:
    wide = opened(Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.int32)), tmp_path, "tif")
    assert np.asarray(wide)[0, :, 0].tolist() == [0, 128, 255]
    narrow = opened(Image.fromarray(np.array([[0, 128, 255]], dtype=np.int32)), tmp_path, "tif")
    assert np.asarray(narrow)[0, :, 0].tolist() == [0, 128, 255]


def test_floats_run_from_0_to_1(tmp_path: Path) -> None:
    picture = opened(Image.fromarray(np.array([[0.0, 0.5, 1.0, np.nan]], dtype=np.float32)), tmp_path, "tif")
    assert np.asarray(picture)[0, :, 0].tolist() == [0, 127, 255, 0]


def grey_of(values: list[float], folder: Path, dtype: Any = np.float32) -> list[int]:
    picture = opened(Image.fromarray(np.array([values], dtype=dtype)), folder, "tif")
    return [int(value) for value in np.asarray(picture)[0, :, 0]]


def test_floats_overshoot_their_range_a_little_and_what_is_not_finite_is_ignored(tmp_path: Path) -> None:
    # A single pixel above 1 used to turn the rest black, and infinity did so too.
    assert grey_of([-0.03, 0.5, 1.0, 1.04, np.inf, -np.inf, np.nan], tmp_path) == [0, 127, 255, 255, 0, 0, 0]
    assert grey_of([-8.0, 128.0, 254.9, 262.0], tmp_path) == [0, 128, 254, 255]
    assert grey_of([-8, 128, 255], tmp_path, np.int32) == [0, 128, 255]
    assert grey_of([-800, 32768, 66000], tmp_path, np.int32) == [0, 128, 255]


@pytest.mark.parametrize(
    ("values", "dtype", "says"),
    [
        ([0.0, 4.2], np.float32, "run from 0 to 4.2, but only 0 to 1 and 0 to 255 can"),
        ([0.0, 40000.0], np.float32, "run from 0 to 40000, but"),
        ([-1.0, 1.0], np.float32, "run from -1 to 1, but"),
        ([np.nan, np.inf], np.float32, "none of its values is a finite number"),
        ([0, 2_000_000], np.int32, "run from 0 to 2e\\+06, but only 0 to 255 and 0 to 65535 can"),
        ([-30000, 30000], np.int32, "run from -30000 to 30000, but"),
    ],
)
def test_values_that_no_rule_fits_are_refused(tmp_path: Path, values: list[float], dtype: Any, says: str) -> None:
    with pytest.raises(PictureError, match=f"^the image cannot be shown: .*{says}.*; save it with 8 bits per channel$"):
        grey_of(values, tmp_path, dtype)


def png(bits: int, colour_type: int, row: bytes, transparent: bytes, width: int) -> bytes:
    """Return a PNG of one row; Pillow writes none of 16 bits in colour, or of 2 and 4 bits with a transparent grey."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, 1, bits, colour_type, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"tRNS", transparent) + chunk(b"IDAT", zlib.compress(b"\0" + row))
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("content", "greys"),
    [
        (png(16, 0, struct.pack(">3H", 0x8000, 0x8001, 0), struct.pack(">H", 0x8000), 3), [255, 128, 0]),
        (
            png(16, 2, struct.pack(">6H", *[0x8000] * 3, *[0x4000] * 3), struct.pack(">3H", *[0x8000] * 3), 2),
            [255, 64],
        ),
        (png(2, 0, bytes([0b00_01_10_11]), struct.pack(">H", 1), 4), [0, 255, 170, 255]),
        (png(4, 0, bytes([0x01, 0x23]), struct.pack(">H", 1), 4), [0, 255, 34, 51]),
        (png(1, 0, bytes([0b0100_0000]), struct.pack(">H", 0), 2), [255, 255]),
    ],
    ids=["grey of 16 bits", "colour of 16 bits", "grey of 2 bits", "grey of 4 bits", "grey of 1 bit"],
)
def test_the_transparent_colour_of_a_png_of_any_depth_is_white(content: bytes, greys: list[int]) -> None:
    picture = np.asarray(open_picture(content))
    assert picture[0].tolist() == [[grey] * 3 for grey in greys]


@pytest.mark.parametrize("kind", ["png", "webp", "jpeg"])
@pytest.mark.parametrize("exif", [b"Exif\0\0no metadata", b"Exif\0\0II", b"Exif\0\0II*\0\x08\0\0\0\x05\0"])
def test_broken_exif_means_no_rotation(kind: str, exif: bytes) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), RED).save(buffer, kind, exif=exif)
    with quiet_pillow():
        assert open_picture(buffer.getvalue()).size == (3, 2)


def test_an_orientation_beside_broken_metadata_is_applied() -> None:
    # Orientation 6, and a tag with text where a number belongs, which cannot be written back.
    entries = struct.pack("<HHI4s", 0x0112, 3, 1, b"\x06\0\0\0") + struct.pack("<HHI4s", 0x8769, 2, 4, b"abc\0")
    exif = b"Exif\0\0II*\0\x08\0\0\0\x02\0" + entries + bytes(4)
    buffer = io.BytesIO()
    Image.new("RGB", (3, 2), RED).save(buffer, "png", exif=exif)
    assert open_picture(buffer.getvalue()).size == (2, 3)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
            "a pointer of Git LFS, not the image; run `git lfs pull`",
        ),
        (b"/annex/objects/SHA256E-s10--ab.jpg\n", "a pointer of git-annex, not the image; run `git annex get`"),
        (
            b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
            "a HEIC image, which needs another package; pip install pillow-heif, or convert it to PNG or JPEG",
        ),
        (b"\xef\xbb\xbf\n<!DOCTYPE html>\n<html>", "a web page, not an image; download the image itself"),
        (b"<!-- saved from --><HTML lang='de'>", "a web page, not an image; download the image itself"),
        (b"<?xml version='1.0'?>\n<svg xmlns=''>", "an SVG drawing; convert it to PNG or JPEG"),
        (b"%PDF-1.7\n", "a PDF document; convert it to PNG or JPEG"),
        (b'{"error": "not found"}', "JSON text, not an image; download the image itself"),
    ],
)
def test_what_stands_in_the_place_of_a_picture_is_named(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "photo.jpg").write_bytes(content)
    with pytest.raises(PictureError) as info:
        open_picture(tmp_path / "photo.jpg")
    assert str(info.value) == f"the file is {says}"


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_transparency_is_laid_on_white(tmp_path: Path, kind: str) -> None:
    image = Image.new("RGBA", (3, 1), (*RED, 255))
    image.putpixel((1, 0), (255, 0, 0, 0))
    image.putpixel((2, 0), (255, 0, 0, 128))
    picture = opened(image, tmp_path, kind, **({"lossless": True, "exact": True} if kind == "webp" else {}))
    assert [picture.getpixel((x, 0)) for x in range(3)] == [RED, WHITE, (255, 127, 127)]


def test_grey_with_alpha_is_laid_on_white(tmp_path: Path) -> None:
    image = Image.new("LA", (2, 1), (0, 255))
    image.putpixel((1, 0), (0, 0))
    picture = opened(image, tmp_path)
    assert [picture.getpixel((x, 0)) for x in range(2)] == [(0, 0, 0), WHITE]


@pytest.mark.parametrize(("mode", "colour"), [("RGB", RED), ("L", 9), ("P", 1)])
def test_a_colour_declared_transparent_is_white(tmp_path: Path, mode: str, colour: object) -> None:
    image = Image.new(mode, (2, 1), colour)  # type: ignore[arg-type]
    if mode == "P":
        image.putpalette([0, 0, 255, 255, 0, 0])
    image.putpixel((1, 0), (0, 0, 255) if mode == "RGB" else 0)
    picture = opened(image, tmp_path, transparency=colour)
    assert picture.getpixel((0, 0)) == WHITE
    assert picture.getpixel((1, 0)) in {(0, 0, 255), (0, 0, 0)}


def test_a_palette_becomes_its_colours(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1), 1)
    image.putpalette([0, 0, 255, 255, 0, 0])
    assert opened(image, tmp_path).getpixel((0, 0)) == RED


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
def test_the_first_frame_of_an_animation_is_read(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in (RED, (0, 0, 255), (0, 255, 0))]
    options = {"lossless": True} if kind == "webp" else {}
    picture = opened(frames[0], tmp_path, kind, save_all=True, append_images=frames[1:], duration=50, **options)
    assert picture.getpixel((4, 4)) == RED
    assert picture.size == (8, 8)


@pytest.mark.parametrize("kind", ["jpg", "png", "webp"])
def test_exif_orientation_is_applied(tmp_path: Path, kind: str) -> None:
    # Stored sideways: the left half is red, and orientation 6 says that the left side is the top.
    image = Image.new("RGB", (32, 16), WHITE)
    image.paste(RED, (0, 0, 16, 16))
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = opened(image, tmp_path, kind, exif=exif, quality=100)
    assert picture.size == (16, 32)
    # Nobody who applies it turns the picture once more.
    assert 0x0112 not in picture.getexif()
    assert picture.getpixel((8, 4))[1] < 40  # type: ignore[index]
    assert picture.getpixel((8, 28))[1] > 215  # type: ignore[index]


def test_16_bit_images_are_turned_upright_too(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = opened(Image.fromarray(np.array([[65535, 0]], dtype=np.uint16)), tmp_path, exif=exif)
    assert np.asarray(picture)[:, :, 0].tolist() == [[255], [0]]


def test_a_file_that_is_not_an_image_is_reported(tmp_path: Path) -> None:
    (tmp_path / "notes.png").write_text("my notes", encoding="utf-8")
    with pytest.raises(PictureError, match=r"^the file is not an image that Pillow can read$"):
        open_picture(tmp_path / "notes.png")


@pytest.mark.parametrize("kind", ["png", "jpeg", "gif", "webp", "tiff", "bmp"])
def test_a_truncated_image_is_reported(tmp_path: Path, kind: str) -> None:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, kind)
    (tmp_path / "cut").write_bytes(buffer.getvalue()[: len(buffer.getvalue()) // 2])
    with pytest.raises(PictureError, match=r"^the (image cannot be decoded|file is not an image)"):
        open_picture(tmp_path / "cut")


@pytest.mark.parametrize("limit", [99, 40])
def test_the_pixel_limit_is_pillows_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "image.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert open_picture(tmp_path / "image.png").size == (10, 10)
    # Between the limit and twice the limit Pillow only warns; above, it raises.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    with quiet_pillow(), pytest.raises(PictureError, match=r"^the image has too many pixels \("):
        open_picture(tmp_path / "image.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert open_picture(tmp_path / "image.png").size == (10, 10)


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(PictureError, match="No such file"):
        open_picture(tmp_path / "nothing.png")


def test_bytes_are_read_as_the_file_is(tmp_path: Path) -> None:
    opened(Image.new("RGB", (3, 2), RED), tmp_path)
    assert open_picture((tmp_path / "image.png").read_bytes()).tobytes() == bytes(RED) * 6
    with pytest.raises(PictureError, match="is not an image that Pillow can read"):
        open_picture(b"no image")


def test_the_callers_limit_of_pixels_counts_above_and_below_pillows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.new("RGB", (10, 10)).save(tmp_path / "image.png")
    with pytest.raises(PictureError, match=r"too many pixels \(10 × 10, the limit is 99\)"):
        open_picture(tmp_path / "image.png", max_pixels=99)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert open_picture(tmp_path / "image.png", max_pixels=100).size == (10, 10)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_or_device_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    for path in (tmp_path / "pipe.png", Path("/dev/zero"), tmp_path):
        with pytest.raises(PictureError, match="it is not a regular file"):
            open_picture(path)


def test_decoding_in_threads_does_not_change_the_warning_filters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decode in two threads at once; the one that starts first also ends first."""
    before = list(warnings.filters)
    started: dict[bytes, threading.Event] = {}
    may_end: dict[bytes, threading.Event] = {}

    def waits(head: bytes) -> bool:
        if head in may_end:
            started[head].set()
            may_end[head].wait()
        return False

    monkeypatch.setattr(Image, "OPEN", dict(Image.OPEN))
    monkeypatch.setattr(Image, "ID", list(Image.ID))
    Image.register_open("WAITS", Image.Image, waits)  # type: ignore[arg-type]  # it never accepts, so opens nothing

    def read(content: bytes) -> None:
        with pytest.raises(PictureError):
            open_picture(content)

    threads = []
    for content in (b"waits: the first", b"waits: the other"):
        started[content], may_end[content] = threading.Event(), threading.Event()
        threads.append(threading.Thread(target=read, args=(content,)))
        threads[-1].start()
        started[content].wait()
    for event, thread in zip(may_end.values(), threads, strict=True):
        event.set()
        thread.join()
    assert list(warnings.filters) == before


def test_a_format_whose_reader_cannot_seek_is_read(tmp_path: Path) -> None:
    # A SPIDER image that is not a stack refuses even seek(0).
    file = tmp_path / "electron.spi"
    Image.new("F", (4, 4), 0.5).save(file, format="SPIDER")
    assert open_picture(file).getpixel((0, 0)) == (127, 127, 127)


@pytest.mark.parametrize("head", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6" + b"\0" * 28])
def test_a_drawing_that_is_a_program_is_not_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, head: bytes
) -> None:
    # Pillow looks for Ghostscript on the path; this one would leave a trace.
    (tmp_path / "gs").write_text(f"#!/bin/sh\ntouch {tmp_path}/started\n", encoding="utf-8")
    (tmp_path / "gs").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    file = tmp_path / "drawing.png"
    file.write_bytes(head + b"%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    with pytest.raises(PictureError, match=r"a PostScript drawing, which is a program; convert it to PNG$"):
        open_picture(file)
    assert not (tmp_path / "started").exists()
