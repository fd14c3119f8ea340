"""Compare our drawn frost with the published textures: how many pictures models recognise, and what the textures are.

    python tools/measure_frost.py SUITE TEXTURES --model reference --model DIR

SUITE is a suite of photographs; TEXTURES is a folder with the five textures of ImageNet-C, which are in the repository
hendrycks/robustness (ImageNet-C/create_c/frost1.png to frost5.jpg). They are only compared with, never copied.
"""

from __future__ import annotations

import argparse
import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tierbench.common.images import open_picture
from tierbench.corruptions import SEVERITIES, corrupt, derive_seed, fitted
from tierbench.models import load_classifier
from tierbench.models.classifier import TakesCropped
from tierbench.scoring.labels import map_concepts
from tierbench.suites import Case, Suite, read_suites

BATCH = 25
SIDE = 224
# In cycles per 224 px.
BANDS = (0, 1, 3, 6, 12, 24, 48, 80, 112, 160)


def recognised(model: str, suite: Suite, severity: int, draws: int, textures: Path | None) -> float:
    """Return the share of pictures under frost whose most probable label is the expected one."""
    classifier = load_classifier(model)
    if not isinstance(classifier, TakesCropped):
        raise SystemExit(f"{model} has no predict_cropped(); name a model folder or reference")
    concepts = map_concepts(suite, classifier.labels).concepts
    right = []
    jobs = list(itertools.product(suite.cases, range(draws)))
    for start in range(0, len(jobs), BATCH):
        batch = jobs[start : start + BATCH]
        pictures = [_frosted(case, severity, draw, textures) for case, draw in batch]
        best = classifier.predict_cropped(pictures).argmax(axis=1)
        right += [
            any(index in concepts[name] for name in case.expected) for (case, _), index in zip(batch, best, strict=True)
        ]
    return float(np.mean(right))


def _frosted(case: Case, severity: int, draw: int, textures: Path | None) -> Image.Image:
    seed = derive_seed(case.key, severity, draw)
    return corrupt(fitted(open_picture(case.path)), "frost", severity, seed=seed, frost_textures=textures)


def strengths(grey: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the root mean square of a texture in each band, in windows of 224 px; the first band is what is left."""
    window = np.hanning(SIDE)[:, None] * np.hanning(SIDE)
    window /= np.sqrt((window**2).mean())
    tops, lefts = (np.linspace(0, length - SIDE, 5).astype(int) for length in grey.shape)
    pieces = np.array([grey[y : y + SIDE, x : x + SIDE] for y, x in itertools.product(tops, lefts)])
    pieces -= pieces.mean(axis=(1, 2), keepdims=True)
    power = (np.abs(np.fft.fft2(pieces * window)) ** 2).mean(axis=0) / SIDE**4
    cycles = SIDE * np.hypot(np.fft.fftfreq(SIDE)[:, None], np.fft.fftfreq(SIDE))
    found = np.histogram(cycles, BANDS, weights=power)[0]
    found[0] = max(grey.var() - found[1:].sum(), 0)
    result: npt.NDArray[np.float64] = np.sqrt(found)
    return result


def print_texture(name: str, pixels: npt.NDArray[np.uint8]) -> None:
    """Print colour, spread and spectrum of a texture as a row of a table."""
    grey = pixels.mean(axis=2)
    colour = " ".join(f"{level:.0f}" for level in pixels.mean(axis=(0, 1)))
    spectrum = " ".join(f"{strength:.1f}" for strength in strengths(grey))
    print(f"| {name} | {colour} | {grey.std():.1f} | {spectrum} |")


def main() -> None:
    """Print both tables; each picture is drawn `--draws` times, which takes an hour for 250 pictures and two models."""
    from tierbench.corruptions.frost_textures import _texture

    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("suite", type=Path)
    parser.add_argument("textures", type=Path)
    parser.add_argument("--model", action="append", help="a model folder, or reference")
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    print("| texture | mean colour | spread | strength of each band |\n|---|---|---|---|")
    for number in range(5):
        print_texture(f"drawn {number + 1}", _texture(number))
    for path in sorted(options.textures.glob("frost[1-5].*")):
        print_texture(path.name, np.asarray(Image.open(path).convert("RGB")))
    (suite,), problems = read_suites([options.suite])
    if problems:
        raise SystemExit("\n".join(problems))
    print("\n| model | severity | drawn | published |\n|---|---|---|---|")
    for model, severity in itertools.product(options.model or ["reference"], SEVERITIES):
        shares = [recognised(model, suite, severity, options.draws, folder) for folder in (None, options.textures)]
        print(f"| {model} | {severity} | {' | '.join(f'{share:.3f}' for share in shares)} |", flush=True)


if __name__ == "__main__":
    main()
