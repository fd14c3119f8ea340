"""The cases of both suites: which shot, under which condition, in which tier, and why it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from vehicles.absences import PLACES
from vehicles.conditions import KOSCHMIEDER, Condition
from vehicles.scenes import Scene
from vehicles.shots import CLEAR, HARD, Shot

SHOTS: dict[str, Shot] = {shot.name: shot for shot in (*CLEAR, *HARD, *PLACES)}

FOG_EXPOSURE = 0.8
"""Stops by which one overexposes fog, lest the light meter make it grey."""


@dataclass(frozen=True)
class Case:
    """A picture to make. `contrast` is the share of the vehicle's contrast that fog leaves: the visibility follows
    from it and from the distance; `visibility` (metres) says it outright. An `absent` case shows the shot without its
    vehicle; `twin_of` names the case whose picture is taken again without it.
    """

    id: str
    shot: str
    tier: int | None
    tags: str
    notes: str = ""
    contrast: float | None = None
    visibility: float | None = None
    lux: float | None = None
    rain: float = 0.0
    meter: str = "scene"
    exposure: float = 0.0
    ladder: str = ""
    absent: bool = False
    twin_of: str = ""

    @property
    def label(self) -> str:
        """The concept that the case expects, `!concept` if it must not be seen; a twin expects nothing."""
        if self.twin_of:
            return "-"
        return f"!{SHOTS[self.shot].concept}" if self.absent else SHOTS[self.shot].concept

    def twin(self) -> Case:
        """Return the picture of the same place, air, light and camera without the vehicle."""
        return replace(
            self, id=f"twin_{self.id}", tier=None, ladder="", notes=f"{self.id} without its vehicle.", twin_of=self.id
        )

    def visibility_for(self, scene: Scene) -> float | None:
        """Visibility in metres, to two digits."""
        if self.visibility is not None or self.contrast is None:
            return self.visibility
        return two_digits(KOSCHMIEDER * scene.distance / -float(np.log(self.contrast)))

    def condition(self, scene: Scene) -> Condition:
        """The condition under which the picture is taken."""
        visibility = self.visibility_for(scene)
        bright = FOG_EXPOSURE if visibility and scene.sky.kind == "day" else 0.0
        return Condition(visibility, self.lux, self.rain, self.meter, self.exposure + bright)


def two_digits(value: float) -> float:
    """A number rounded to two significant digits."""
    return float(f"{value:.2g}")


def _clear() -> list[Case]:
    cases = []
    for shot in CLEAR:
        space = shot.sky.kind == "space"
        tags = "space" if space else "day"
        meter = "vehicle" if space else "scene"
        note = "Sunlit in black space among stars." if space else "Clear day, near and unhidden."
        cases.append(Case(shot.name, shot.name, 1, tags, note, meter=meter))
    return cases


def _hard(shot: str, tier: int, how: str, tags: str, notes: str, **values: float | str) -> Case:
    name = shot if shot.endswith(how) or how in shot else f"{shot}_{how}"
    return Case(name, shot, tier, tags, notes, **values)  # type: ignore[arg-type]  # the keywords of Case


HIDDEN, NIGHT, FOG = (
    "Behind trunks or piles.",
    "At night, by lamps.",
    "In fog that leaves about a third of the contrast.",
)
DIM = "Dusk: a camera at its limits, noise shows."
FAR, DENSE = "A quarter of the picture's width.", "In fog that leaves about an eighth of the contrast."
SPECK, DARK = "An eighth of the picture's width.", "Moonlight: the sensor counts single photons."

SECOND: list[Case] = [
    _hard("saloon_night", 2, "night", "night", NIGHT),
    _hard("european_night", 2, "night", "night", NIGHT),
    _hard("trolleybus_night", 2, "night", "night", NIGHT),
    _hard("airliner_night", 2, "night", "night", NIGHT),
    _hard("liner_night", 2, "night", "night", NIGHT),
    _hard("schooner", 2, "dusk", "lowlight", DIM, lux=0.25),
    _hard("estate_hidden", 2, "hidden", "day occluded", HIDDEN),
    _hard("american_hidden", 2, "hidden", "day occluded", HIDDEN),
    _hard("school_bus_hidden", 2, "hidden", "day occluded", HIDDEN),
    _hard("turboprop_hidden", 2, "hidden", "day occluded", HIDDEN),
    _hard("bulk_hidden", 2, "hidden", "day occluded", HIDDEN),
    _hard("schooner_hidden", 2, "hidden", "day occluded", HIDDEN),
    _hard("coupe_far", 2, "far", "day far", FAR),
    _hard("european_far", 2, "far", "day far", FAR),
    _hard("school_bus_far", 2, "far", "day far", FAR),
    _hard("airliner_far", 2, "far", "day far backlight", FAR),
    _hard("container_far", 2, "far", "day far backlight", FAR),
    _hard("trimaran_far", 2, "far", "day far", FAR),
    _hard("convertible_backlit", 2, "backlit", "backlight", "Against a low sun."),
    _hard("moving_van_backlit", 2, "backlit", "backlight", "Against a low sun."),
    _hard("minibus_rear", 2, "rain", "day rain", "From behind, in heavy rain.", rain=18.0, visibility=900.0),
    _hard("fighter_backlit", 2, "backlit", "backlight", "Against a low sun."),
    _hard("bulk_backlit", 2, "backlit", "backlight", "Against a low sun."),
    _hard("sloop_sunset", 2, "sunset", "backlight", "Against the setting sun."),
    _hard("taxi", 2, "fog", "fog", FOG, contrast=0.30),
    _hard("fire_engine", 2, "fog", "fog", FOG, contrast=0.30),
    _hard("trolleybus", 2, "fog", "fog", FOG, contrast=0.30),
    _hard("airliner", 2, "fog", "fog", FOG, contrast=0.30),
    _hard("container_ship", 2, "fog", "fog", FOG, contrast=0.30),
    _hard("sloop_blue", 2, "fog", "fog", FOG, contrast=0.30),
]

THIRD: list[Case] = [
    _hard("saloon_red", 3, "densefog", "fog", DENSE, contrast=0.13),
    _hard("european", 3, "densefog", "fog", DENSE, contrast=0.13),
    _hard("minibus", 3, "densefog", "fog", DENSE, contrast=0.13),
    _hard("turboprop", 3, "densefog", "fog", DENSE, contrast=0.13),
    _hard("liner", 3, "densefog", "fog", DENSE, contrast=0.13),
    _hard("trimaran", 3, "densefog", "fog", DENSE, contrast=0.2),
    _hard("saloon_speck", 3, "speck", "day far", SPECK),
    _hard("american_speck", 3, "speck", "day far", SPECK),
    _hard("minibus_speck", 3, "speck", "day far", SPECK),
    _hard("fighter_speck", 3, "speck", "day far", SPECK),
    _hard("liner_speck", 3, "speck", "day far", SPECK),
    _hard("schooner_speck", 3, "speck", "day far", SPECK),
    _hard("convertible", 3, "moonlight", "lowlight", DARK, lux=0.1),
    _hard("moving_van", 3, "moonlight", "lowlight", DARK, lux=0.06),
    _hard("school_bus_front", 3, "moonlight", "lowlight", DARK, lux=0.06),
    _hard("airliner_aloft", 3, "moonlight", "lowlight", DARK, lux=0.06),
    _hard("container_red", 3, "moonlight", "lowlight", DARK, lux=0.15),
    _hard("sloop", 3, "moonlight", "lowlight", DARK, lux=0.06),
    _hard("carrier_hidden", 3, "hidden", "day occluded", "More than half hidden, from behind."),
    _hard("fire_engine_hidden", 3, "hidden", "day occluded", "More than half hidden."),
    _hard("trolleybus_hidden", 3, "hidden", "day occluded", "More than half hidden."),
    _hard("turboprop_hidden", 3, "fog", "occluded fog", HIDDEN + " And fog.", contrast=0.30),
    _hard("bulk_hidden", 3, "fog", "occluded fog", HIDDEN + " And fog.", contrast=0.22),
    _hard("schooner_hidden", 3, "fog", "occluded fog", HIDDEN + " And fog.", contrast=0.40),
    _hard("coupe_far", 3, "rain", "far rain", FAR + " And a cloudburst.", rain=40.0, contrast=0.45),
    _hard("european_far", 3, "rain", "far rain", FAR + " And a cloudburst.", rain=40.0, contrast=0.45),
    _hard("school_bus_far", 3, "fog", "far fog", FAR + " And fog.", contrast=0.33),
    _hard("airliner_far", 3, "fog", "far fog", FAR + " And haze.", contrast=0.25),
    _hard("container_far", 3, "fog", "far fog", FAR + " And fog.", contrast=0.25),
    _hard("trimaran_far", 3, "moonlight", "far lowlight", FAR + " " + DARK, lux=0.1),
    _hard("saloon_night", 3, "fog", "night fog", NIGHT + " And fog that glows.", contrast=0.18),
    _hard("european_night", 3, "fog", "night fog", NIGHT + " And fog that glows.", contrast=0.12),
    _hard("trolleybus_night", 3, "fog", "night fog", NIGHT + " And fog that glows.", contrast=0.12),
    _hard("airliner_night", 3, "fog", "night fog", NIGHT + " And fog that glows.", contrast=0.10),
    _hard("sloop_sunset", 3, "fog", "backlight fog", "Against the setting sun, in fog.", contrast=0.14),
]


def _empty(place: str, fog: float, moon: float | None = None) -> list[Case]:
    name = f"empty_{place}"
    dark = "lowlight" if moon else "night"
    by_night = "by moonlight" if moon else "by night"
    return [
        Case(f"{name}_day", f"{name}_day", 1, "day", f"An empty {place} by day.", absent=True),
        Case(f"{name}_fog", f"{name}_fog", 2, "fog", f"An empty {place} in fog.", visibility=fog, absent=True),
        Case(f"{name}_night", f"{name}_night", 3, dark, f"An empty {place} {by_night}.", lux=moon, absent=True),
    ]


ABSENCES: list[Case] = [
    *_empty("road", 90),
    *_empty("lane", 60),
    *_empty("street", 70),
    *_empty("apron", 400),
    *_empty("sky", 250, moon=0.12),
    *_empty("sea", 1500, moon=0.15),
    *_empty("bay", 250, moon=0.1),
]

VEHICLES: list[Case] = [*_clear(), *SECOND, *THIRD, *ABSENCES]

FOG_LADDERS = ("taxi", "american", "school_bus", "airliner", "container_ship", "sloop")
FOG_STEPS = (0.80, 0.70, 0.60, 0.50, 0.40, 0.30, 0.20, 0.12, 0.07, 0.04)
"""Shares of the vehicle's contrast that are left."""

LIGHT_LADDERS = ("coupe_blue", "schooner")
LIGHT_STEPS = (10.0, 3.0, 1.0, 0.5, 0.25, 0.12, 0.06, 0.03, 0.015, 0.008)
"""Illuminance in lux: from street lamps through twilight and a full moon to a quarter moon."""


def _steps(kind: str, tags: str, shot: str, values: tuple[float, ...]) -> list[Case]:
    ladder = f"{kind}_{SHOTS[shot].concept}"
    cases = []
    for number, value in enumerate(values, 1):
        step = Case(
            f"{ladder}_{number:02d}", shot, None, tags, f"{shot}, step {number} of {len(values)}", ladder=ladder
        )
        cases.append(replace(step, contrast=value) if kind == "fog" else replace(step, lux=value))
    return cases


LADDERS: list[Case] = [
    *[case for shot in FOG_LADDERS for case in _steps("fog", "fog", shot, FOG_STEPS)],
    *[case for shot in LIGHT_LADDERS for case in _steps("light", "lowlight", shot, LIGHT_STEPS)],
]

SUITES: dict[str, list[Case]] = {
    "vehicles": [*VEHICLES, *(case.twin() for case in THIRD)],
    "ladders": [*LADDERS, *(case.twin() for case in LADDERS)],
}
"""The pictures of each suite, in the order of its metadata.csv."""


def chosen(cases: list[Case], ids: list[str], folder: Path, missing: bool) -> list[Case]:
    """Return the cases to render: those named, or all; with `missing` those without a picture in the folder."""
    return [
        case for case in cases if (not ids or case.id in ids) and not (missing and (folder / f"{case.id}.jpg").exists())
    ]
