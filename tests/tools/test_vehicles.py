"""The pictures of cases/vehicles and cases/ladders: the catalogue, what a twin keeps of its case, the table."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from vehicles.catalogue import ABSENCES, LADDERS, SHOTS, SUITES, THIRD, Case, chosen
from vehicles.conditions import Condition, picture
from vehicles.materials import STEEL
from vehicles.parts import Array, Lamp, Model, box
from vehicles.plate import Plate
from vehicles.scenes import Camera, Scene
from vehicles.sky import Sky
from vehicles.table import PARAMETERS, row, write_metadata

REPOSITORY = Path(__file__).parents[2]
CAMERA = Camera((40.0, 0.0, 2.0), (0.0, 0.0, 2.0), 30, 72, 64)
HERE = (slice(24, 40), slice(20, 52))
"""Where the vehicle is in the picture of the plates below."""


def plates(vehicle: float) -> tuple[Plate, Plate]:
    """Return a grey wall 40 m away with a vehicle of the given luminance in front of it, and without it."""
    mask = np.zeros((64, 72))
    mask[HERE] = 1
    wall, depth, whole = np.full((64, 72, 3), 2.0), np.full((64, 72), 40.0), np.ones((64, 72))
    filled = Plate(np.where(mask[..., None] > 0, vehicle, wall), np.where(mask > 0, 20.0, depth), whole, mask, 0.25)
    return filled, Plate(wall, depth, whole, 0 * mask, 0.0)


def scenes(sky: Sky, lamps: tuple[Lamp, ...] = ()) -> tuple[Scene, Scene]:
    vehicle = Model()
    vehicle.add(STEEL, box((0, 0, 1), (4, 2, 2)))
    vehicle.lamps.extend(lamps)
    scene = Scene("van", vehicle, Model(), sky, CAMERA, lights_on=True)
    return scene, replace(scene, empty=True)


def grey(image: Image.Image) -> Array:
    return np.asarray(image.convert("L"), dtype=np.float64)


def around(image: Image.Image) -> Array:
    """Return what lies outside the vehicle."""
    values = grey(image)
    values[HERE] = np.nan
    return values[~np.isnan(values)]


@pytest.mark.parametrize(
    "condition",
    [Condition(), Condition(visibility=60), Condition(illuminance=0.2), Condition(rain=20, visibility=400)],
    ids=["clear", "fog", "dusk", "rain"],
)
@pytest.mark.parametrize("luminance", [0.02, 60.0], ids=["dark", "bright"])
def test_a_twin_shows_the_wall_as_bright_as_behind_the_vehicle(condition: Condition, luminance: float) -> None:
    (scene, empty), (plate, bare) = scenes(Sky()), plates(luminance)
    case = picture(scene, plate, condition, 7)
    twin = picture(empty, bare, condition, 7, exposed_for=(scene, plate))
    assert around(twin).mean() == pytest.approx(around(case).mean(), abs=2)
    assert abs(grey(twin)[HERE].mean() - grey(case)[HERE].mean()) > 5
    assert grey(twin)[HERE].mean() == pytest.approx(around(twin).mean(), abs=3)


def test_without_its_case_a_camera_is_set_for_what_it_sees() -> None:
    (scene, empty), (plate, bare) = scenes(Sky()), plates(60.0)
    alone = picture(empty, bare, Condition(), 7)
    assert around(alone).mean() > around(picture(scene, plate, Condition(), 7)).mean() + 5


def test_the_lights_of_the_vehicle_leave_with_it() -> None:
    headlight = Lamp((2.0, 0.0, 1.0), (1.0, 0.0, 0.0), 20000)
    (scene, empty), (plate, bare) = scenes(Sky(kind="night"), (headlight,)), plates(2.0)
    assert scene.lamps_on() == [headlight]
    assert empty.lamps_on() == []
    assert empty.models()[0].meshes == []
    fog = Condition(visibility=50)
    glow = around(picture(scene, plate, fog, 7)) - around(picture(empty, bare, fog, 7, exposed_for=(scene, plate)))
    assert glow.max() > 5


@pytest.mark.parametrize("shot", ["sloop", "bulk_hidden", "saloon_night"])
def test_the_place_stays_when_the_vehicle_leaves(shot: str) -> None:
    scene, empty = SHOTS[shot].scene(), SHOTS[shot].scene(empty=True)
    assert empty.camera == scene.camera
    assert empty.setting.lamps == scene.setting.lamps
    assert empty.illuminance() == scene.illuminance()
    _, setting, occluder = empty.models()
    assert len(occluder.meshes) == len(scene.occluder.meshes)
    left = Counter(material for material, _ in scene.setting.meshes)
    left.subtract(material for material, _ in setting.meshes)
    gone = {material for material, count in left.items() if count}
    assert len(gone) == (1 if SHOTS[shot].place == "sea" else 0), "only the foam of the wake leaves"


def test_every_step_and_every_case_of_the_third_tier_has_a_twin() -> None:
    for suite, cases in (("ladders", LADDERS), ("vehicles", THIRD)):
        twins = {twin.twin_of: twin for twin in SUITES[suite] if twin.twin_of}
        assert list(twins) == [case.id for case in cases]
        for case in cases:
            twin = twins[case.id]
            assert (twin.label, twin.tier, twin.ladder, twin.shot) == ("-", None, "", case.shot)
            assert (
                replace(twin, **{name: getattr(case, name) for name in ("id", "tier", "ladder", "notes", "twin_of")})
                == case
            )


def test_empty_places_come_by_day_in_fog_and_at_night() -> None:
    assert {case.id.split("_")[1] for case in ABSENCES} >= {"road", "sea", "apron", "sky"}
    assert Counter(case.tier for case in ABSENCES) == {1: 7, 2: 7, 3: 7}
    assert all(case.label.startswith("!") for case in ABSENCES)
    assert len({case.shot for case in ABSENCES}) == len(ABSENCES), "each is a scene, and a group, of its own"


def van(**values: object) -> Case:
    return replace(Case("van", "saloon_red", 3, "fog", visibility=90.0), **values)  # type: ignore[arg-type]  # of Case


def test_a_twin_has_the_parameters_of_its_case() -> None:
    (scene, _), (plate, _) = scenes(Sky()), plates(2.0)
    case = row(van(), scene, plate)
    twin = row(van().twin(), scene, plate)
    assert {name: twin[name] for name in (*PARAMETERS, "group", "tags")} == {
        name: case[name] for name in (*PARAMETERS, "group", "tags")
    }
    assert (case["visibility_m"], case["distance_m"], case["occlusion"]) == ("90", "40", "0.25")


def test_an_empty_place_has_no_distance_and_nothing_hidden() -> None:
    (_, empty), (_, bare) = scenes(Sky()), plates(2.0)
    absent = row(van(absent=True), empty, bare)
    assert (absent["label"], absent["visibility_m"]) == ("!automobile", "90")
    assert (absent["distance_m"], absent["occlusion"]) == ("", "")


def test_a_case_names_its_twin_once_the_twin_is_there(tmp_path: Path) -> None:
    (scene, _), (plate, _) = scenes(Sky()), plates(2.0)
    case, twin = van(), van().twin()
    write_metadata(tmp_path, [case, twin], {case.id: row(case, scene, plate)})
    assert [(entry["id"], entry["twin"]) for entry in table(tmp_path)] == [("van", "")]
    write_metadata(tmp_path, [case, twin], {twin.id: row(twin, scene, plate)})
    assert [(entry["id"], entry["twin"]) for entry in table(tmp_path)] == [("van", "twin_van"), ("twin_van", "")]


def test_only_what_is_missing_or_named_is_rendered(tmp_path: Path) -> None:
    cases = [van(), van().twin(), van(id="bus")]
    (tmp_path / "van.jpg").touch()
    assert [case.id for case in chosen(cases, [], tmp_path, missing=False)] == ["van", "twin_van", "bus"]
    assert [case.id for case in chosen(cases, [], tmp_path, missing=True)] == ["twin_van", "bus"]
    assert [case.id for case in chosen(cases, ["van", "bus"], tmp_path, missing=False)] == ["van", "bus"]
    assert [case.id for case in chosen(cases, ["van", "bus"], tmp_path, missing=True)] == ["bus"]


@pytest.mark.slow
def test_the_tool_renders_what_is_missing(tmp_path: Path) -> None:
    pytest.importorskip("mitsuba", reason="the renderer is in the extra `render`, which the other tests do not need")
    (tmp_path / "vehicles").mkdir()
    kept = tmp_path / "vehicles" / "airliner_far_fog.jpg"
    kept.write_bytes(b"as it was")
    tool = [sys.executable, "tools/render_vehicles.py", "--missing", "--samples", "1", "--out", str(tmp_path)]
    asked = [*tool, "--cache", str(tmp_path / "plates"), "airliner_far_fog", "twin_airliner_far_fog", "empty_sky_day"]
    done = subprocess.run(asked, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["vehicles/empty_sky_day", "vehicles/twin_airliner_far_fog"], done.stderr
    assert kept.read_bytes() == b"as it was"
    assert [entry["id"] for entry in table(tmp_path / "vehicles")] == ["empty_sky_day", "twin_airliner_far_fog"]


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("suite", ["vehicles", "ladders"])
def test_the_committed_pictures_are_those_of_the_catalogue(suite: str) -> None:
    folder = REPOSITORY / "cases" / suite
    rows = {entry["id"]: entry for entry in table(folder)}
    assert list(rows) == [case.id for case in SUITES[suite]]
    assert len(rows) == len(table(folder))
    for entry in rows.values():
        assert entry["file_name"] == f"{entry['id']}.jpg"
        with Image.open(folder / entry["file_name"]) as image:
            assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (360, 320))
    twins = {entry["twin"]: entry for entry in rows.values() if entry["twin"]}
    assert list(twins) == [case.id for case in SUITES[suite] if case.twin_of]
    for name, entry in twins.items():
        assert [rows[name][key] for key in (*PARAMETERS, "group")] == [entry[key] for key in (*PARAMETERS, "group")]
