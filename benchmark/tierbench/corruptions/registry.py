"""The registry of corruptions, light enough to be read while options are parsed: no NumPy until a picture is there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tierbench.common.registry import Registry
from tierbench.corruptions.names import ALL_CORRUPTIONS, MEAN_CORRUPTIONS, NEEDS_OPENCV, SEVERITIES, VARIANTS

if TYPE_CHECKING:
    from tierbench.corruptions.pixels import Parameters, Pixels

    # (pixels, parameters, rng) and, by keyword, what the corruption takes besides.
    Function = Callable[..., Pixels]

Keyword = Literal["variant", "frost_textures"]


@dataclass(frozen=True, slots=True)
class Corruption:
    """One way to spoil a picture, in five severities.

    Another package registers one by an entry point `NAME = "module:object"` in the group `tierbench.corruptions`.

    Attributes:
        name: the name that it is registered under.
        function: `(pixels, parameters, rng) -> pixels`: uint8 arrays of shape [height, width, 3], RGB; the numbers of
            one severity; a NumPy generator, where all randomness comes from. It does not change its input.
        parameters: variant → the numbers of severities 1 to 5, a sequence or a single number each. A variant that
            is missing cannot be asked for.
        family: what it is listed with, such as `noise`, `blur`, `weather`, `digital`.
        seedless: whether it draws nothing from its generator.
        needs_opencv: whether it needs the extra `corruptions`.
        takes: arguments of `corrupt` that the function wants too, as keywords: `variant`, `frost_textures`.
        version: raise it when the function makes other pixels than before; predictions are kept under it.
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
                raise ValueError(f"{place}unknown variant {variant!r}; there are {_listed(VARIANTS)}")
            if len(rows) != len(SEVERITIES):
                raise ValueError(f"{place}{variant} must have {len(SEVERITIES)} rows of parameters, not {len(rows)}")

    @property
    def counts_for_mce(self) -> bool:
        """Whether the mean corruption error is taken over it: only the published 15 are, whoever registers others."""
        return self.name in MEAN_CORRUPTIONS

    def at(self, severity: int, variant: str) -> Parameters:
        """Return the numbers of a severity.

        Raises:
            ValueError: for an unknown severity or variant, or a variant that this corruption lacks.
        """
        if isinstance(severity, bool) or severity not in SEVERITIES:
            raise ValueError(f"unknown severity {severity!r}; there are {_listed(SEVERITIES)}")
        if variant not in VARIANTS:
            raise ValueError(f"unknown variant {variant!r}; there are {_listed(VARIANTS)}")
        if variant not in self.parameters:
            raise ValueError(f"{self.name} has no parameters for {variant}; it has {_listed(self.parameters)}")
        row = self.parameters[variant][severity - 1]
        return tuple(row) if isinstance(row, Sequence) else (row,)


def _problem(name: str, part: object) -> str:
    if not isinstance(part, Corruption):
        return f"is no tierbench.corruptions.Corruption but {type(part).__name__!r}"
    return "" if part.name == name else f"calls itself {part.name!r}"


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
    """Return those of the names that need OpenCV; only those of other packages are imported for it.

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
    """Return what identifies the pixels of a corruption beside its name: empty for a built-in one.

    Predictions of corrupted pictures are kept under it. It holds the owner with its version, the parameters, and the
    corruption's own `version`; a change of its code alone does not show in it.

    Raises:
        UserError: as `Registry.get` does.
    """
    if CORRUPTION_REGISTRY.is_built_in(name):
        return ""
    corruption = CORRUPTION_REGISTRY.get(name)
    tables = {variant: list(rows) for variant, rows in sorted(corruption.parameters.items())}
    return f"{CORRUPTION_REGISTRY.owner(name)}:{corruption.version}:{tables}"
