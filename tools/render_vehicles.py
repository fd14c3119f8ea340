"""Render the pictures of cases/vehicles and cases/ladders, all or some; the same seed gives the same pictures.

python tools/render_vehicles.py                      both suites
python tools/render_vehicles.py taxi taxi_fog        these cases
python tools/render_vehicles.py --suite ladders      one suite
"""

from __future__ import annotations

import argparse
import csv
import zlib
from pathlib import Path

from vehicles import render
from vehicles.catalogue import SUITES, Case, two_digits
from vehicles.conditions import picture
from vehicles.render import Plate
from vehicles.scenes import Scene
from vehicles.shots import SHOTS

ROOT = Path(__file__).resolve().parent.parent
PARAMETERS = ["visibility_m", "illuminance_lx", "distance_m", "occlusion"]
COLUMNS = ["file_name", "label", "tier", "id", "tags", "group", *PARAMETERS, "source", "license", "notes"]
SOURCE, LICENSE = "rendered by tools/render_vehicles.py", "Apache-2.0"


def row(case: Case, scene: Scene, plate: Plate) -> dict[str, str]:
    """Return the row of a case in metadata.csv."""
    visibility = case.visibility_for(scene)
    return {
        "file_name": f"{case.id}.jpg",
        "label": case.label,
        "tier": "" if case.tier is None else str(case.tier),
        "id": case.id,
        "tags": case.tags,
        "group": case.shot,
        "ladder": case.ladder,
        "visibility_m": "" if visibility is None else f"{visibility:g}",
        "illuminance_lx": f"{case.lux or two_digits(scene.illuminance()):g}",
        "distance_m": f"{two_digits(scene.distance):g}",
        "occlusion": f"{plate.occlusion:.2f}",
        "source": SOURCE,
        "license": LICENSE,
        "notes": case.notes,
    }


def write_metadata(folder: Path, cases: list[Case], fresh: dict[str, dict[str, str]], columns: list[str]) -> None:
    """Write metadata.csv in the order of the catalogue: the new rows, and the old ones of other cases."""
    path = folder / "metadata.csv"
    rows: dict[str, dict[str, str]] = {}
    if path.exists():
        with path.open(newline="", encoding="utf-8") as file:
            rows = {entry["id"]: entry for entry in csv.DictReader(file)}
    rows |= fresh
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[case.id] for case in cases if case.id in rows)


def main() -> None:
    """Read the command line and render."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", nargs="*", help="ids of cases (default: all)")
    parser.add_argument("--suite", choices=sorted(SUITES), help="only this suite")
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
        columns = COLUMNS if suite == "vehicles" else [*COLUMNS[:6], "ladder", *COLUMNS[6:]]
        folder = options.out / suite
        folder.mkdir(parents=True, exist_ok=True)
        wanted = [case for case in cases if not options.case or case.id in options.case]
        for shot in dict.fromkeys(case.shot for case in wanted):
            scene = SHOTS[shot].scene()
            plate = render.plate(scene, options.cache, options.samples, options.seed)
            fresh = {}
            for case in wanted:
                if case.shot == shot:
                    seed = zlib.crc32(f"{case.id}/{options.seed}".encode())
                    image = picture(scene, plate, case.condition(scene), seed)
                    image.save(folder / f"{case.id}.jpg", quality=90)
                    fresh[case.id] = row(case, scene, plate)
                    print(f"{suite}/{case.id}", flush=True)
            write_metadata(folder, cases, fresh, columns)


if __name__ == "__main__":
    main()
