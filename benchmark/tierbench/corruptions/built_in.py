"""The built-in corruptions: their functions, joined with the data in `names.py` and `parameters.json`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tierbench.corruptions import blur, digital, noise, own, weather
from tierbench.corruptions.names import FAMILIES, NEEDS_OPENCV, SEEDLESS
from tierbench.corruptions.registry import Corruption
from tierbench.corruptions.tables import published_rows

if TYPE_CHECKING:
    from tierbench.corruptions.registry import Function, Keyword

_FAMILY_OF = {name: family for family, names in FAMILIES.items() for name in names}


def _corruption(function: Function, *takes: Keyword) -> Corruption:
    name = function.__name__
    return Corruption(
        name=name,
        function=function,
        parameters=published_rows(name),
        family=_FAMILY_OF[name],
        seedless=name in SEEDLESS,
        needs_opencv=name in NEEDS_OPENCV,
        takes=takes,
    )


gaussian_noise: Final = _corruption(noise.gaussian_noise)
shot_noise: Final = _corruption(noise.shot_noise)
impulse_noise: Final = _corruption(noise.impulse_noise)
speckle_noise: Final = _corruption(noise.speckle_noise)

defocus_blur: Final = _corruption(blur.defocus_blur)
glass_blur: Final = _corruption(blur.glass_blur)
motion_blur: Final = _corruption(blur.motion_blur)
zoom_blur: Final = _corruption(blur.zoom_blur)
gaussian_blur: Final = _corruption(blur.gaussian_blur)

snow: Final = _corruption(weather.snow)
frost: Final = _corruption(weather.frost, "variant", "frost_textures")
fog: Final = _corruption(weather.fog, "variant")
brightness: Final = _corruption(weather.brightness)
spatter: Final = _corruption(weather.spatter)

contrast: Final = _corruption(digital.contrast)
elastic_transform: Final = _corruption(digital.elastic_transform)
pixelate: Final = _corruption(digital.pixelate)
jpeg_compression: Final = _corruption(digital.jpeg_compression)
saturate: Final = _corruption(digital.saturate)

rain: Final = _corruption(own.rain)
low_light: Final = _corruption(own.low_light)
