"""The registry of corruptions; it does not import NumPy, because option parsing reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tierbench.common.registry import Registry
from tierbench.corruptions.names import ALL_CORRUPTIONS, MEAN_CORRUPTIONS, NEEDS_OPENCV, SEVERITIES, VARIANTS

if TYPE_CHECKING:
    from tierbench.corruptions.pixels import Parameters, Pixels

    # (pixels, parameters, rng), and the arguments that the corruption `takes`, by keyword.
    Function = Callable[..., Pixels]

Keyword = Literal["variant", "frost_textures"]


@dataclass(frozen=True, slots=True)
class Corruption:
    """A way to corrupt an image, in five severities.

    Another package registers one with an entry point `NAME = "module:object"` in the group `tierbench.corruptions`.

    Attributes:
        name: the name under which it is registered.
        function: `(pixels, parameters, rng) -> pixels`, with pixels as uint8 arrays of shape [height, width, 3], RGB,
            the numbers of one severity, and a NumPy generator as the only source of randomness. It must not change
            its input.
        parameters: variant → the numbers of severities 1 to 5, each a sequence or a single number. Missing variants
            cannot be used.
        family: the group in which it is listed, such as `noise`, `blur`, `weather`, `digital`.
        seedless: whether it draws nothing from its generator.
        needs_opencv: whether it needs the extra `corruptions`.
        takes: arguments of `corrupt` that are passed to the function as keywords: `variant`, `frost_textures`.
        version: change it when the function produces different pixels; it is part of the key of stored predictions.
    """

    name: str
    function: Function
    parameters: Mapping[str, Sequence[Any]]
    family: str = "other"
    seedless: bool = False
    needs_opencv: bool = False
    takes: tuple[Keyword, ...] = ()
    version: str = ""

    def __post_init__(self) -> None:
        if not self.parameters:
            raise ValueError(f"corruption {self.name!r} has no parameters")
        for variant, rows in self.parameters.items():
            place = f"corruption {self.name!r}: "
            if variant not in VARIANTS:
                raise ValueError(f"{place}unknown variant {variant!r}; choose one of {_listed(VARIANTS)}")
            if len(rows) != len(SEVERITIES):
                raise ValueError(f"{place}{variant} must have {len(SEVERITIES)} rows of parameters, not {len(rows)}")

    @property
    def counts_for_mce(self) -> bool:
        """Whether it is part of the mean corruption error: only the published 15 are."""
        return self.name in MEAN_CORRUPTIONS

    def at(self, severity: int, variant: str) -> Parameters:
        """Return the numbers of a severity.

        Raises:
            ValueError: for an unknown severity or variant, or a variant that this corruption lacks.
        """
        if isinstance(severity, bool) or severity not in SEVERITIES:
            raise ValueError(f"unknown severity {severity!r}; choose one of {_listed(SEVERITIES)}")
        if variant not in VARIANTS:
            raise ValueError(f"unknown variant {variant!r}; choose one of {_listed(VARIANTS)}")
        if variant not in self.parameters:
            raise ValueError(f"{self.name} has no parameters for {variant}; it has {_listed(self.parameters)}")
        row = self.parameters[variant][severity - 1]
        return tuple(row) if isinstance(row, Sequence) else (row,)


def _problem(name: str, part: object) -> str:
    if not isinstance(part, Corruption):
        return f"must be a tierbench.corruptions.Corruption, not {type(part).__name__!r}"
    return "" if part.name == name else f"has another name, {part.name!r}"


def _listed(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


CORRUPTION_REGISTRY: Final = Registry[Corruption](
    "corruption",
    {name: f"tierbench.corruptions.built_in:{name}" for name in ALL_CORRUPTIONS},
    group="tierbench.corruptions",
    problem=_problem,
    reserved=("all",),
)


def needing_opencv(names: Iterable[str]) -> list[str]:
    """Return the names that need OpenCV; only corruptions of other packages are imported to find out.

    Raises:
        UserError: as `Registry.get` does.
    """
    return [
        name
        for name in names
        if name in NEEDS_OPENCV
        or (not CORRUPTION_REGISTRY.is_built_in(name) and CORRUPTION_REGISTRY.get(name).needs_opencv)
    ]


def corruption_version(name: str) -> str:
    """Return what identifies the pixels of a corruption, besides its name; empty for a built-in one.

    It is part of the key of stored predictions, and made of the owner with its version, the parameters and the
    corruption's own `version`. A change of the code alone does not change it.

    Raises:
        UserError: as `Registry.get` does.
    """
    if CORRUPTION_REGISTRY.is_built_in(name):
        return ""
    corruption = CORRUPTION_REGISTRY.get(name)
    tables = {variant: list(rows) for variant, rows in sorted(corruption.parameters.items())}
    return f"{CORRUPTION_REGISTRY.owner(name)}:{corruption.version}:{tables}"
