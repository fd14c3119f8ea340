"""Render the pictures of cases/vehicles and cases/ladders, all or some; the same seed gives the same pictures.

python tools/render_vehicles.py                      both suites
python tools/render_vehicles.py taxi twin_taxi_fog   these pictures
python tools/render_vehicles.py --missing            only pictures that are not there yet
python tools/render_vehicles.py --suite ladders      one suite
"""

from __future__ import annotations

import argparse
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from PIL import Image
from vehicles import render
from vehicles.catalogue import SHOTS, SUITES, Case, chosen
from vehicles.conditions import picture
from vehicles.plate import Plate
from vehicles.scenes import Scene
from vehicles.table import row, write_metadata

ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Stage:
    """A shot with its vehicle and without it, each rendered when a picture first needs it."""

    shot: str
    cache: Path
    samples: int
    seed: int

    @cached_property
    def filled(self) -> tuple[Scene, Plate]:
        """The vehicle in its place."""
        return self._rendered(empty=False)

    @cached_property
    def empty(self) -> tuple[Scene, Plate]:
        """The place without the vehicle."""
        return self._rendered(empty=True)

    def _rendered(self, empty: bool) -> tuple[Scene, Plate]:
        scene = SHOTS[self.shot].scene(empty)
        return scene, render.plate(scene, self.cache, self.samples, self.seed)

    def take(self, case: Case) -> tuple[Image.Image, dict[str, str]]:
        """Return the picture of a case and its row. A twin has its case's noise, and a camera set as for the case."""
        seed = zlib.crc32(f"{case.twin_of or case.id}/{self.seed}".encode())
        scene, plate = self.empty if case.absent else self.filled
        if case.twin_of:
            image = picture(*self.empty, case.condition(scene), seed, exposed_for=self.filled)
        else:
            image = picture(scene, plate, case.condition(scene), seed)
        return image, row(case, scene, plate)


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", help="ids of cases and twins (default: all)")
    parser.add_argument("--suite", choices=sorted(SUITES), help="only this suite")
    parser.add_argument("--missing", action="store_true", help="leave pictures that exist as they are")
    parser.add_argument("--out", type=Path, default=ROOT / "cases", help="folder of the suites")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "tierbench" / "plates")
    parser.add_argument("--samples", type=int, default=32, help="paths per pixel before denoising")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--variant", default="", help="variant of mitsuba: scalar_rgb, or llvm_ad_rgb (four times faster, needs LLVM)"
    )
    options = parser.parse_args()
    known = {case.id for cases in SUITES.values() for case in cases}
    if unknown := sorted(set(options.case) - known):
        parser.error(f"no such case: {', '.join(unknown)}; see tools/vehicles/catalogue.py")
    render.start(options.variant)
    for suite, cases in SUITES.items():
        if options.suite not in (None, suite):
            continue
        folder = options.out / suite
        folder.mkdir(parents=True, exist_ok=True)
        wanted = chosen(cases, options.case, folder, options.missing)
        for shot in dict.fromkeys(case.shot for case in wanted):
            stage = Stage(shot, options.cache, options.samples, options.seed)
            fresh = {}
            for case in wanted:
                if case.shot == shot:
                    image, fresh[case.id] = stage.take(case)
                    image.save(folder / f"{case.id}.jpg", quality=90)
                    print(f"{suite}/{case.id}", flush=True)
            write_metadata(folder, cases, fresh)


if __name__ == "__main__":
    main()
