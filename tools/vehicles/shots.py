"""The shots of the suite: which vehicle, seen from where, in which setting, under which sky. Each is rendered once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from vehicles import buses, cars, lorries, planes, profiles, sails, settings, ships, trucks
from vehicles.parts import Model
from vehicles.scenes import Scene, View, photograph
from vehicles.sky import Sky

RED, BLUE, SILVER = (0.36, 0.012, 0.012), (0.02, 0.06, 0.30), (0.42, 0.43, 0.45)
GREEN, PEARL, ORANGE = (0.02, 0.09, 0.045), (0.76, 0.76, 0.74), (0.65, 0.16, 0.01)

DAY = Sky(sun_azimuth=75, sun_elevation=42, seed=4)
MORNING = Sky(sun_azimuth=20, sun_elevation=28, seed=9, cloud=0.5)
HIGH = Sky(sun_azimuth=110, sun_elevation=55, seed=13, cloud=0.3)
GREY = Sky(sun_azimuth=60, sun_elevation=40, seed=2, cloud=1.0, turbidity=5)
SPACE = Sky(kind="space", sun_azimuth=75, sun_elevation=38, seed=3)
NIGHT = Sky(kind="night", seed=5)


@dataclass(frozen=True)
class Shot:
    """One photograph to take; `hide` is the share of the width behind trunks or piles."""

    name: str
    concept: str
    build: Callable[[], Model]
    view: View
    place: str = "road"
    sky: Sky = DAY
    seed: int = 1
    hide: float = 0.0
    lights: bool = False
    hull: tuple[float, float, float] = (0, 0, 0)

    def scene(self, empty: bool = False) -> Scene:
        """Build the vehicle and all around it; `empty`: the same place without the vehicle and its wake."""
        vehicle = self.build()
        camera = photograph(vehicle, self.view)
        setting = self._setting(camera.eye, empty)
        occluder = Model()
        if self.hide:
            kind = "pile" if self.place == "sea" else "trunk"
            eye = np.array(camera.eye)
            occluder = settings.palings(eye, vehicle, self.hide, self.seed, 0.62, kind)
        return Scene(self.name, vehicle, setting, self.sky, camera, occluder, self.lights, empty)

    def _setting(self, eye: tuple[float, float, float], empty: bool) -> Model:
        model = Model()
        behind = -1 if eye[1] > 0 else 1
        if self.place == "sea":
            length, beam, bow = self.hull
            height = 0.8 if length > 40 else 0.45
            model.place(settings.sea(self.seed, height, 20 if length > 40 else 13, (eye[0], eye[1])))
            if not empty:
                model.place(settings.wake(length, beam, bow, self.seed))
            if self.seed % 2 == 0:
                model.place(settings.hills(self.seed, 6000, 420, self.view.azimuth + 180, (0.07, 0.09, 0.09)))
        elif self.place == "apron":
            model.place(settings.apron(self.seed, self.seed % 2 == 1, self.view.azimuth + 180))
        elif self.place in ("trees", "houses", "both"):
            model.place(settings.road(self.seed, self.place, far_side=behind))
        if self.sky.kind == "space":
            model.place(settings.floodlights(((-120, 160, 60), 2.4e8), ((160, -40, 20), 1.2e8)))
        if self.sky.kind == "night":
            self._night(model, behind)
        return model

    def _night(self, model: Model, behind: int) -> None:
        if self.place == "sea":
            model.place(settings.floodlights(((180, 260, 80), 2.5e6)))
        elif self.place == "apron":
            model.place(settings.floodlights(((40, 45, 22), 42000), ((-30, 40, 22), 42000)))
        else:
            for x, side in ((-10.0, -behind), (17.0, -behind), (-4.0, behind), (9.0, behind)):
                model.place(settings.street_lamp((x, side * 4.3), 4200, -float(side)))


CAR = View(azimuth=42, eye=1.45, fov=28, fill=0.86)
LONG = View(azimuth=40, eye=2.0, fov=28, fill=0.9)
SHIP = View(azimuth=42, eye=13, fov=24, fill=0.9)
YACHT = View(azimuth=62, eye=3, fov=30, fill=0.86)
PLANE = View(azimuth=40, eye=2.6, fov=28, fill=0.9)
ALOFT = View(azimuth=55, elevation=-14, fov=22, fill=0.9)
CONTAINER, LINER, BULK = (190, 30, 95), (230, 31, 115), (160, 26, 80)
SLOOP, SCHOONER, TRIMARAN = (12, 3.4, 6.0), (26, 6, 13.0), (14, 1.4, 7.3)


def at_sea(
    name: str,
    concept: str,
    build: Callable[[], Model],
    view: View,
    hull: tuple[float, float, float],
    sky: Sky = DAY,
    seed: int = 1,
    hide: float = 0.0,
    lights: bool = False,
) -> Shot:
    """Return a shot on open water; `hull` is the length, the beam and the bow's place that the wake follows."""
    return Shot(name, concept, build, view, "sea", sky, seed, hide, lights, hull)


def low_sun(azimuth: float, seed: int = 6, elevation: float = 7, cloud: float = 0.35) -> Sky:
    """Return the sky of an evening, its sun a few degrees above the horizon."""
    return Sky(sun_azimuth=azimuth, sun_elevation=elevation, seed=seed, cloud=cloud, turbidity=3.5)


def _far(view: View, fill: float) -> View:
    return replace(view, fill=fill)


CLEAR: list[Shot] = [
    Shot("saloon_red", "automobile", lambda: cars.car(profiles.SALOON, RED), CAR, "both", DAY, 3),
    Shot("coupe_blue", "automobile", lambda: cars.car(profiles.COUPE, BLUE, style=1), replace(CAR, azimuth=36), "trees", HIGH, 1),
    Shot("taxi", "automobile", cars.taxi, replace(CAR, azimuth=50), "houses", MORNING, 4),
    Shot("convertible", "automobile", lambda: cars.car(profiles.CONVERTIBLE, RED, style=2), replace(CAR, azimuth=46, eye=1.9), "trees", DAY, 2),
    Shot("american", "truck", trucks.american, LONG, "trees", DAY, 1),
    Shot("european", "truck", trucks.european, replace(LONG, azimuth=48), "trees", HIGH, 5),
    Shot("fire_engine", "truck", lorries.fire_engine, replace(LONG, azimuth=48), "houses", DAY, 6),
    Shot("moving_van", "truck", lorries.moving_van, replace(LONG, azimuth=38), "both", MORNING, 7),
    Shot("school_bus", "bus", buses.school_bus, replace(LONG, azimuth=45), "trees", DAY, 2),
    Shot("trolleybus", "bus", buses.trolleybus, replace(LONG, azimuth=42), "houses", HIGH, 8),
    Shot("minibus", "bus", buses.minibus, replace(LONG, azimuth=44, fill=0.86), "both", DAY, 9),
    Shot("school_bus_front", "bus", buses.school_bus, replace(LONG, azimuth=26, eye=1.7), "houses", MORNING, 10),
    Shot("airliner", "airplane", planes.airliner, PLANE, "apron", DAY, 1),
    Shot("airliner_aloft", "airplane", lambda: planes.airliner(gear=False, tail=(0.45, 0.03, 0.03)), ALOFT, "void", DAY),
    Shot("turboprop", "airplane", planes.turboprop, replace(PLANE, azimuth=50), "apron", HIGH, 2),
    Shot("fighter", "airplane", lambda: planes.fighter((0.36, 0.38, 0.40)), replace(ALOFT, azimuth=58, elevation=-20), "void", replace(MORNING, sun_azimuth=80)),
    at_sea("container_ship", "ship", ships.container_ship, SHIP, CONTAINER),
    at_sea("liner", "ship", ships.liner, replace(SHIP, azimuth=36), LINER, HIGH, 2),
    at_sea("bulk_carrier", "ship", ships.bulk_carrier, replace(SHIP, azimuth=50), BULK, MORNING, 3),
    at_sea("container_red", "ship", lambda: ships.container_ship((0.30, 0.03, 0.025), 5, 13), replace(SHIP, azimuth=66), CONTAINER, HIGH, 4),
    at_sea("sloop", "sailing_boat", sails.sloop, YACHT, SLOOP),
    at_sea("schooner", "sailing_boat", sails.schooner, replace(YACHT, azimuth=70, eye=4), SCHOONER, HIGH, 2),
    at_sea("trimaran", "sailing_boat", sails.trimaran, replace(YACHT, azimuth=50), TRIMARAN, DAY, 3),
    at_sea("sloop_blue", "sailing_boat", lambda: sails.sloop((0.02, 0.05, 0.2), 12), replace(YACHT, azimuth=105), SLOOP, MORNING, 4),
    Shot("saloon_space", "automobile", lambda: cars.car(profiles.SALOON, PEARL), CAR, "void", SPACE),
    Shot("american_space", "truck", lambda: trucks.american(ORANGE), LONG, "void", SPACE),
    Shot("school_bus_space", "bus", buses.school_bus, replace(LONG, azimuth=40), "void", SPACE),
    Shot("airliner_space", "airplane", lambda: planes.airliner(gear=False, tail=ORANGE), replace(ALOFT, elevation=16, azimuth=48), "void", SPACE),
    Shot("liner_space", "ship", ships.liner, replace(SHIP, eye=60, azimuth=42), "void", SPACE),
    Shot("schooner_space", "sailing_boat", sails.schooner, replace(YACHT, azimuth=72), "void", SPACE),
]  # fmt: skip

HARD: list[Shot] = [
    Shot("saloon_night", "automobile", lambda: cars.car(profiles.SALOON, SILVER, lit=True), CAR, "houses", NIGHT, 11, lights=True),
    Shot("european_night", "truck", lambda: trucks.european(lit=True), LONG, "trees", NIGHT, 12, lights=True),
    Shot("trolleybus_night", "bus", lambda: buses.trolleybus(lit=True), replace(LONG, azimuth=48), "houses", NIGHT, 13, lights=True),
    Shot("airliner_night", "airplane", lambda: planes.airliner(lit=True), PLANE, "apron", NIGHT, 3, lights=True),
    at_sea("liner_night", "ship", lambda: settings.lit_windows(ships.liner(), (0.06, 0.05, 0.035)), SHIP, LINER, NIGHT, 5),
    at_sea("sloop_sunset", "sailing_boat", lambda: sails.sloop((0.5, 0.02, 0.02)), replace(YACHT, azimuth=75), SLOOP, low_sun(250), 6),
    Shot("estate_hidden", "automobile", lambda: cars.car(profiles.ESTATE, GREEN, style=1), CAR, "houses", MORNING, 14, 0.35),
    Shot("american_hidden", "truck", lambda: trucks.american(GREEN), LONG, "trees", HIGH, 15, 0.35),
    Shot("school_bus_hidden", "bus", buses.school_bus, LONG, "houses", DAY, 16, 0.35),
    Shot("turboprop_hidden", "airplane", lambda: planes.turboprop(BLUE), PLANE, "apron", DAY, 4, 0.30),
    at_sea("bulk_hidden", "ship", lambda: ships.bulk_carrier((0.03, 0.08, 0.05)), SHIP, BULK, DAY, 7, 0.3),
    at_sea("schooner_hidden", "sailing_boat", lambda: sails.schooner((0.05, 0.06, 0.2)), YACHT, SCHOONER, DAY, 8, 0.45),
    Shot("coupe_far", "automobile", lambda: cars.car(profiles.COUPE, ORANGE), _far(CAR, 0.26), "trees", GREY, 17),
    Shot("european_far", "truck", lambda: trucks.european(RED), _far(LONG, 0.28), "trees", GREY, 18),
    Shot("school_bus_far", "bus", buses.school_bus, _far(LONG, 0.26), "trees", GREY, 19),
    Shot("airliner_far", "airplane", lambda: planes.airliner(gear=False), replace(ALOFT, fill=0.26, azimuth=70), "void", low_sun(250, 15)),
    at_sea("container_far", "ship", lambda: ships.container_ship(seed=9), _far(SHIP, 0.28), CONTAINER, low_sun(222, 8), 9),
    at_sea("trimaran_far", "sailing_boat", lambda: sails.trimaran(BLUE), _far(YACHT, 0.26), TRIMARAN, GREY, 10),
    Shot("convertible_backlit", "automobile", lambda: cars.car(profiles.SALOON, BLUE, style=1), CAR, "trees", low_sun(225, 17, 14), 20),
    Shot("moving_van_backlit", "truck", lambda: lorries.moving_van(BLUE), replace(LONG, azimuth=35), "trees", low_sun(215, 18, 16), 21),
    Shot("minibus_rear", "bus", lambda: buses.minibus(SILVER, RED), replace(LONG, azimuth=140, fill=0.7), "both", GREY, 22),
    Shot("fighter_backlit", "airplane", lambda: planes.fighter((0.12, 0.13, 0.15)), replace(ALOFT, azimuth=75, fill=0.6), "void", low_sun(255, 19, 9)),
    at_sea("bulk_backlit", "ship", ships.bulk_carrier, replace(SHIP, azimuth=60, fill=0.75), BULK, low_sun(238, 20, 6), 12),
    Shot("carrier_hidden", "automobile", lambda: cars.car(profiles.CARRIER, SILVER, style=2), replace(CAR, azimuth=138), "both", GREY, 23, 0.6),
    Shot("fire_engine_hidden", "truck", lorries.fire_engine, LONG, "trees", GREY, 24, 0.6),
    Shot("trolleybus_hidden", "bus", lambda: buses.trolleybus(BLUE), LONG, "trees", MORNING, 25, 0.6),
    Shot("saloon_speck", "automobile", lambda: cars.car(profiles.SALOON, RED), _far(replace(CAR, eye=2.2), 0.12), "trees", DAY, 26),
    Shot("american_speck", "truck", trucks.american, _far(LONG, 0.13), "trees", DAY, 27),
    Shot("minibus_speck", "bus", buses.minibus, _far(replace(LONG, eye=2.2), 0.12), "houses", DAY, 28),
    Shot("fighter_speck", "airplane", lambda: planes.fighter((0.1, 0.1, 0.11)), replace(ALOFT, fill=0.12, azimuth=62), "void", HIGH),
    at_sea("liner_speck", "ship", ships.liner, _far(SHIP, 0.12), LINER, MORNING, 14),
    at_sea("schooner_speck", "sailing_boat", sails.schooner, _far(YACHT, 0.12), SCHOONER, MORNING, 15),
]  # fmt: skip
