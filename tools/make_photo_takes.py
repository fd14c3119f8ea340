"""Make the harder takes of cases/photos (darker, farther away, in fog, partly covered) and their metadata.

Run: python tools/make_photo_takes.py   (needs scikit-image, whose sample photographs are the sources)

All changes are made in linear light, so that the parameters are physical: a stop of exposure halves the light, and
the transmission is the share of light that passes through the fog.
"""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import skimage
from PIL import Image, ImageFilter

FOLDER = Path(__file__).parent.parent / "cases" / "photos"
SOURCES = Path(skimage.__file__).parent / "data"
LONG_SIDE = 448
# Grey fog, lit from above, as linear light.
AIRLIGHT = 0.62

Pixels = np.ndarray  # float64, [height, width, 3], linear light in [0, 1]


@dataclass(frozen=True)
class Photo:
    """A source photograph."""

    id: str
    file: str
    label: str
    shows: str
    source: str
    license: str


PHOTOS = (
    Photo("chelsea", "chelsea.png", "cat", "a cat's face", "Stéfan van der Walt, via scikit-image", "CC0-1.0"),
    Photo("coffee", "coffee.png", "espresso|cup", "a cup of espresso", "Rachel Michetti, via scikit-image", "CC0-1.0"),
    Photo("rocket", "rocket.jpg", "rocket", "a rocket on its launch pad", "SpaceX, via scikit-image", "CC0-1.0"),
    Photo(
        "motorcycle",
        "motorcycle_left.png",
        "motorcycle",
        "a motorcycle in a garage",
        "Middlebury Stereo Datasets (Scharstein et al. 2014), via scikit-image",
        "CC0-1.0",
    ),
)


def to_linear(image: Image.Image) -> Pixels:
    """Return an sRGB image as linear light (IEC 61966-2-1)."""
    values = np.asarray(image, dtype=np.float64) / 255
    linear: Pixels = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    return linear


def to_image(linear: Pixels) -> Image.Image:
    """Return linear light as an sRGB image."""
    values = np.clip(linear, 0, 1)
    encoded = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055)
    return Image.fromarray((encoded * 255 + 0.5).astype(np.uint8))


def darker(photo: Pixels, stops: float, seed: int) -> Pixels:
    """Reduce the exposure and add sensor noise: photon noise (6,000 photons at white in full light) and read noise."""
    light = photo * 2.0**stops
    random = np.random.default_rng(seed)
    full = 6000.0
    taken: Pixels = random.poisson(light * full) / full + random.normal(0, 0.0012, light.shape)
    return taken


def farther(photo: Pixels, size: float, seed: int) -> Pixels:
    """Show the photograph smaller, on a background of its own blurred colours."""
    image = to_image(photo)
    width, height = image.size
    ground = image.resize((8, 6), Image.Resampling.BOX).resize(image.size, Image.Resampling.BICUBIC)
    ground = ground.filter(ImageFilter.GaussianBlur(width / 16))
    small = image.resize((round(width * size), round(height * size)), Image.Resampling.LANCZOS)
    ground.paste(small, ((width - small.width) // 2, (height - small.height) // 2))
    return to_linear(ground)


def in_fog(photo: Pixels, transmission: float, seed: int) -> Pixels:
    """Add uniform fog: light × transmission + airlight × (1 - transmission) (Koschmieder)."""
    return photo * transmission + AIRLIGHT * (1 - transmission)


def covered(photo: Pixels, occlusion: float, seed: int) -> Pixels:
    """Cover the given share of the picture with the slats of a fence."""
    result = photo.copy()
    width = photo.shape[1]
    period = width / 9
    column = np.arange(width)
    hidden = ((column + period * (1 - occlusion) / 2) % period) < period * occlusion
    shade = 0.16 + 0.05 * np.cos(2 * np.pi * column / period)
    wood = np.stack([shade * 1.0, shade * 0.62, shade * 0.36], axis=-1)
    grain = 1 + 0.15 * np.random.default_rng(seed).normal(size=(photo.shape[0] // 16 + 1, width)).repeat(16, axis=0)
    result[:, hidden] = (wood[None] * grain[: photo.shape[0], :, None])[:, hidden]
    return result


# Tag → parameter, function, and the values for tier 2 and tier 3.
Take = Callable[[Pixels, float, int], Pixels]
TAKES: dict[str, tuple[str, Take, float, float]] = {
    "dark": ("exposure_ev", darker, -3.5, -5.5),
    "far": ("size", farther, 0.4, 0.22),
    "fog": ("transmission", in_fog, 0.35, 0.16),
    "covered": ("occlusion", covered, 0.35, 0.55),
}
PARAMETERS = tuple(parameter for parameter, *_ in TAKES.values())


def main() -> None:
    """Write the pictures and metadata.csv."""
    rows = []
    for number, photo in enumerate(PHOTOS):
        path = SOURCES / photo.file
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        common = {"label": photo.label, "group": photo.id, "source": photo.source, "license": photo.license}
        rows.append(
            common
            | {
                "file_name": photo.file,
                "tier": 1,
                "id": photo.id,
                "url": f"package:skimage/data/{photo.file}",
                "sha256": digest,
                "notes": f"The photograph as it is: {photo.shows}",
            }
        )
        with Image.open(path) as original:
            image = original.convert("RGB")
        image.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.LANCZOS)
        linear = to_linear(image)
        for index, (name, (parameter, make, *values)) in enumerate(TAKES.items()):
            for tier, value in enumerate(values, start=2):
                file = f"{photo.id}_{name}_{tier}.jpg"
                seed = 100 * number + 10 * index + tier
                to_image(make(linear, value, seed)).save(FOLDER / file, quality=88, optimize=True)
                rows.append(
                    common
                    | {
                        "file_name": file,
                        "tier": tier,
                        "id": Path(file).stem,
                        "tags": name,
                        parameter: value,
                        "notes": f"Made from {photo.file} by tools/make_photo_takes.py",
                    }
                )
    columns = ["file_name", "label", "tier", "id", "tags", "group", *PARAMETERS, "url", "sha256"]
    with (FOLDER / "metadata.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, [*columns, "source", "license", "notes"], lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(rows, key=lambda row: (row["tier"], row["id"])))


if __name__ == "__main__":
    main()
