"""Empty places: what suggests a vehicle and has none. A stand-in that is never shown says where the camera stands."""

from __future__ import annotations

from dataclasses import replace

from vehicles import buses, cars, planes, profiles, sails, ships, trucks
from vehicles.parts import Model
from vehicles.scenes import View
from vehicles.shots import (
    ALOFT,
    DAY,
    GREY,
    HIGH,
    LINER,
    MORNING,
    NIGHT,
    PLANE,
    RED,
    SCHOONER,
    SHIP,
    YACHT,
    Shot,
    at_sea,
    low_sun,
)

ROAD = View(azimuth=13, eye=1.6, fov=44, fill=0.20)
KERB = View(azimuth=24, eye=1.7, fov=40, fill=0.30)
FIELD = replace(PLANE, fov=36, fill=0.75)
WATER = replace(SHIP, fov=30, fill=0.6)
TREETOPS = View(azimuth=80, eye=1.7, fov=40, fill=0.22)


def _car() -> Model:
    return cars.car(profiles.SALOON, RED)


def _jet_over_trees() -> Model:
    model = Model()
    model.place(planes.fighter(RED), (0, 0, 22))
    return model


def _jet() -> Model:
    return planes.fighter(RED)


PLACES: list[Shot] = [
    Shot("empty_road_day", "automobile", _car, ROAD, "trees", DAY, 41),
    Shot("empty_road_fog", "automobile", _car, replace(ROAD, azimuth=16), "both", GREY, 42),
    Shot("empty_road_night", "automobile", _car, replace(ROAD, azimuth=15), "trees", NIGHT, 43),
    Shot("empty_lane_day", "truck", trucks.european, replace(ROAD, azimuth=8), "both", HIGH, 44),
    Shot("empty_lane_fog", "truck", trucks.european, replace(ROAD, azimuth=9), "trees", GREY, 45),
    Shot("empty_lane_night", "truck", trucks.european, replace(ROAD, azimuth=8), "both", NIGHT, 46),
    Shot("empty_street_day", "bus", buses.minibus, KERB, "houses", MORNING, 47),
    Shot("empty_street_fog", "bus", buses.minibus, replace(KERB, azimuth=28), "houses", MORNING, 48),
    Shot("empty_street_night", "bus", buses.minibus, replace(KERB, azimuth=20), "houses", NIGHT, 49),
    Shot("empty_apron_day", "airplane", planes.airliner, FIELD, "apron", DAY, 51),
    Shot("empty_apron_fog", "airplane", planes.airliner, replace(FIELD, azimuth=55), "apron", HIGH, 53),
    Shot("empty_apron_night", "airplane", planes.airliner, replace(FIELD, azimuth=30), "apron", NIGHT, 55),
    Shot("empty_sky_day", "airplane", _jet, ALOFT, "void", HIGH),
    Shot("empty_sky_fog", "airplane", _jet_over_trees, TREETOPS, "trees", GREY, 57),
    Shot("empty_sky_night", "airplane", _jet_over_trees, replace(TREETOPS, azimuth=100), "trees", low_sun(215, 58, 24, 0.5), 58),
    at_sea("empty_sea_day", "ship", ships.liner, WATER, LINER, DAY, 61),
    at_sea("empty_sea_fog", "ship", ships.liner, replace(WATER, azimuth=55), LINER, HIGH, 62),
    at_sea("empty_sea_night", "ship", ships.liner, replace(WATER, azimuth=60), LINER, low_sun(238, 63, 20), 63),
    at_sea("empty_bay_day", "sailing_boat", sails.schooner, YACHT, SCHOONER, HIGH, 64),
    at_sea("empty_bay_fog", "sailing_boat", sails.schooner, replace(YACHT, azimuth=75), SCHOONER, MORNING, 65),
    at_sea("empty_bay_night", "sailing_boat", sails.schooner, replace(YACHT, azimuth=50), SCHOONER, low_sun(228, 66, 16), 66),
]  # fmt: skip
