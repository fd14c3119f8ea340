"""Data sets of flat colours in the layout of ImageNet-C, of which the flat-colour model misses a known part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.flat_colours import flat

# The pictures of ImageNet-C are cut to this size.
EDGE = 224
Colours = Mapping[str, Sequence[str]]
# What each folder shows. Five originals of each class: all are seen in the clean slice, 15 of 20 and 5 of 20 in fog.
CLEAN: Colours = {"automobile": ["red"] * 10, "ship": ["blue"] * 5, "truck": ["green"] * 5}
FOG_3: Colours = {"automobile": ["red"] * 5 + ["grey"] * 5, "ship": ["blue"] * 5, "truck": ["green"] * 5}
FOG_5: Colours = {"automobile": ["grey"] * 5 + ["black"] * 5, "ship": ["blue"] * 5, "truck": ["grey"] * 5}
WEATHER = {"clean": CLEAN, "fog/3": FOG_3, "fog/5": FOG_5}


def write_set(folder: Path, slices: Mapping[str, Colours] = WEATHER) -> Path:
    """Write `FOLDER/SLICE/CLASS/NUMBER.png`, a picture of one colour each."""
    for path, classes in slices.items():
        for label, colours in classes.items():
            (folder / path / label).mkdir(parents=True, exist_ok=True)
            for number, colour in enumerate(colours):
                flat(colour, (EDGE, EDGE)).save(folder / path / label / f"{number:02}.png")
    return folder
