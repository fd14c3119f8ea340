"""Corruptions of other packages work in `corrupt`, on the command line and in sweeps, and are never in the mCE."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import write_suite
from tests.distribution import install, python_with
from tierbench.common.errors import UserError
from tierbench.corruptions import (
    ALL_CORRUPTIONS,
    CORRUPTION_REGISTRY,
    MEAN_CORRUPTIONS,
    SEEDLESS,
    Corruption,
    contact_sheet,
    corrupt,
    parameters,
)
from tierbench.corruptions.registry import corruption_version, needing_opencv
from tierbench.corruptions.selection import corruption_sets, parse_corruptions
from tierbench.suites import read_suites
from tierbench.suites.derived import corruption_key, derive_cases, open_case

# The whole code of another package.
DIMMING = """
import numpy as np
from tierbench.corruptions import Corruption

def dimming(pixels, parameters, rng):
    (share,) = parameters
    return (pixels * share).astype(np.uint8)

DIMMING = Corruption("dimming", dimming, {"imagenet_c": (0.9, 0.8, 0.7, 0.6, 0.5)}, family="light", seedless=True)
"""
GREY = np.full((8, 6, 3), 100, dtype=np.uint8)


def dim(pixels: Any, parameters: Any, rng: Any) -> Any:
    (share,) = parameters
    return (pixels * share).astype(np.uint8)


TABLE = {"imagenet_c": (0.9, 0.8, 0.7, 0.6, 0.5)}


@pytest.fixture
def dimming() -> Iterator[Corruption]:
    """A corruption that this process registers."""
    corruption = Corruption("dimming", dim, TABLE, needs_opencv=True)
    CORRUPTION_REGISTRY.register("dimming", corruption)
    yield corruption
    CORRUPTION_REGISTRY.unregister("dimming")


def test_the_built_in_corruptions_match_the_lists() -> None:
    assert CORRUPTION_REGISTRY.names() == ALL_CORRUPTIONS
    parts = [CORRUPTION_REGISTRY.get(name) for name in ALL_CORRUPTIONS]
    assert [part.name for part in parts if part.counts_for_mce] == list(MEAN_CORRUPTIONS)
    assert {part.name for part in parts if part.seedless} == SEEDLESS
    assert needing_opencv(ALL_CORRUPTIONS) == [part.name for part in parts if part.needs_opencv]
    assert {part.name: part.family for part in parts}["spatter"] == "weather"


def test_another_package_adds_a_corruption_by_an_entry_point(tmp_path: Path) -> None:
    site = install(
        tmp_path / "site", "dim-pictures", {"tierbench.corruptions": {"dimming": "dim:DIMMING"}}, {"dim": DIMMING}
    )
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    code = """
from PIL import Image
from tierbench.corruptions import corrupt, parameters
from tierbench.corruptions.registry import corruption_version
from tierbench.corruptions.selection import parse_corruptions
problems = []
print(parse_corruptions("dimming,fog", problems), problems)
print(corrupt(Image.open("grey.png"), "dimming", 5, seed=0).getpixel((0, 0)), parameters("dimming", 2))
print(corruption_version("dimming"))
"""
    answer = python_with(site, "-c", code, cwd=tmp_path)
    assert answer.stdout.splitlines() == [
        "('fog', 'dimming') []",
        "(50, 50, 50) (0.8,)",
        "dim-pictures 1.0::{'imagenet_c': [0.9, 0.8, 0.7, 0.6, 0.5]}",
    ], answer.stderr
    command = ("-m", "tierbench", "corrupt", "grey.png", "--out", "seen", "--name")
    answer = python_with(site, *command, "dimming", cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr
    with Image.open(tmp_path / "seen" / "grey+dimming-3.png") as image:
        assert image.getpixel((0, 0)) == (70, 70, 70)
    assert (tmp_path / "seen" / "grey-sheet.png").is_file()
    answer = python_with(site, *command, "diming", cwd=tmp_path)
    assert answer.returncode == 4
    assert answer.stderr.strip() == "error: --name 'diming' is not a corruption; did you mean 'dimming'?"
    answer = python_with(site, *command, "dimming", "--variant", "cifar10_c", cwd=tmp_path)
    assert answer.returncode == 4
    assert answer.stderr.strip() == "error: grey.png: dimming has no parameters for cifar10_c; it has imagenet_c"


def test_a_broken_package_is_one_line_on_the_command_line(tmp_path: Path) -> None:
    points = {"tierbench.corruptions": {"dimming": "dim:DIMMING", "fog": "dim:FOG"}}
    site = install(tmp_path / "site", "dim-pictures", points, {"dim": "import no_such_module"})
    Image.fromarray(GREY).save(tmp_path / "grey.png")
    for name, line in (
        ("dimming", "corruption 'dimming' of dim-pictures 1.0 (dim:DIMMING) cannot be loaded: ModuleNotFoundError: "),
        ("fog", "corruption 'fog' is registered twice: by tierbench and by dim-pictures 1.0 (dim:FOG); "),
    ):
        answer = python_with(site, "-m", "tierbench", "corrupt", "grey.png", "--out", "o", "--name", name, cwd=tmp_path)
        assert answer.returncode == 4
        assert answer.stderr.startswith("error: " + line)
        assert len(answer.stderr.splitlines()) == 1
    code = (
        "from tierbench.corruptions.selection import *; p = []; print(parse_corruptions('all', p)); print(*p, sep='|')"
    )
    names, problems = python_with(site, "-c", code, cwd=tmp_path).stdout.splitlines()
    assert "fog" not in names
    assert "snow" in names
    assert [problem[:42] for problem in problems.split("|")] == [
        "--robust-corruptions: corruption 'fog' is ",
        "--robust-corruptions: corruption 'dimming'",
    ]


def test_a_registered_corruption_is_in_all_and_never_in_the_mean(dimming: Corruption) -> None:
    assert corruption_sets() == {"all": (*ALL_CORRUPTIONS, "dimming"), "imagenet-c": MEAN_CORRUPTIONS}
    assert not dimming.counts_for_mce
    problems: list[str] = []
    assert parse_corruptions("dimming, imagenet-c,dimming", problems) == (*MEAN_CORRUPTIONS, "dimming")
    assert problems == []
    assert parse_corruptions(" ", problems) == ()
    assert needing_opencv(["fog", "dimming"]) == ["dimming"]


def test_unknown_names_are_one_line_each(dimming: Corruption) -> None:
    problems: list[str] = []
    assert parse_corruptions("diming,,fog", problems, "--sweep") == ("fog",)
    assert problems[0] == "--sweep: 'diming' is not a corruption; did you mean 'dimming'?"
    assert problems[1].startswith("--sweep: '' is not a corruption; known: all, imagenet-c, gaussian_noise, ")
    with pytest.raises(ValueError, match=r"unknown corruption 'diming'; published: .*; from other packages: dimming$"):
        corrupt(GREY, "diming", 1, seed=0)


def test_a_sweep_derives_cases_and_keeps_the_predictions_of_different_versions_apart(
    dimming: Corruption, tmp_path: Path
) -> None:
    folder = write_suite(tmp_path / "s", "file_name,label,tier\nred.png,car,1\n")
    (suite,), _ = read_suites([folder])
    fog, case = derive_cases(suite, ["fog", "dimming"], [5])
    assert open_case(case).getpixel((0, 0)) == (115, 10, 10)
    assert corruption_key(fog) == "2:imagenet_c:imagenet-c:fog:5:s/red"
    assert corruption_key(case) == f"2:imagenet_c:imagenet-c:dimming:5:s/red:{corruption_version('dimming')}"
    keys = {corruption_key(case)}
    for other in (
        Corruption("dimming", dim, TABLE, version="2"),
        Corruption("dimming", dim, {"imagenet_c": (0.9, 0.8, 0.7, 0.6, 0.4)}),
    ):
        CORRUPTION_REGISTRY.unregister("dimming")
        CORRUPTION_REGISTRY.register("dimming", other)
        keys.add(corruption_key(case))
    assert len(keys) == 3


def test_a_corruption_gets_the_arguments_that_it_takes(tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def look(pixels: Any, parameters: Any, rng: np.random.Generator, **further: Any) -> Any:
        seen.update(further, numbers=parameters, drawn=rng.integers(1000))
        return pixels.copy()

    table = {"cifar10_c": [(n, "x") for n in range(5)]}
    CORRUPTION_REGISTRY.register("look", Corruption("look", look, table, takes=("variant",)))
    try:
        corrupt(GREY, "look", 2, seed=9, variant="cifar10_c")
        assert seen == {"variant": "cifar10_c", "numbers": (1, "x"), "drawn": np.random.default_rng(9).integers(1000)}
        sheet = contact_sheet(Image.fromarray(GREY), ["look"], variant="cifar10_c")
        assert sheet.height > 32
    finally:
        CORRUPTION_REGISTRY.unregister("look")


def test_a_corruption_that_draws_is_seeded_even_if_it_claims_to_be_seedless() -> None:
    def dots(pixels: Any, parameters: Any, rng: np.random.Generator) -> Any:
        return rng.integers(256, size=pixels.shape, dtype=np.uint8)

    CORRUPTION_REGISTRY.register("dots", Corruption("dots", dots, TABLE, seedless=True))
    try:
        first, again, other = (corrupt(GREY, "dots", 1, seed=seed) for seed in (1, 1, 2))
    finally:
        CORRUPTION_REGISTRY.unregister("dots")
    assert first.tobytes() == again.tobytes() != other.tobytes()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda pixels, parameters, rng: None, r"must return a uint8 array of shape \[8, 6, 3\], got NoneType"),
        (lambda pixels, parameters, rng: pixels / 2, r"got float64 of \[8, 6, 3\]"),
        (lambda pixels, parameters, rng: pixels[:4], r"got uint8 of \[4, 6, 3\]"),
        (lambda pixels, parameters, rng: pixels.fill(0), "read-only"),
    ],
)
def test_a_result_that_is_not_an_image_is_refused(function: Any, message: str) -> None:
    CORRUPTION_REGISTRY.register("odd", Corruption("odd", function, TABLE))
    try:
        with pytest.raises(ValueError, match=message):
            corrupt(GREY, "odd", 1, seed=0)
        assert (GREY == 100).all()
    finally:
        CORRUPTION_REGISTRY.unregister("odd")


def test_invalid_parameters_are_refused() -> None:
    with pytest.raises(ValueError, match="corruption 'x' has no parameters"):
        Corruption("x", dim, {})
    with pytest.raises(
        ValueError, match="corruption 'x': unknown variant 'imagenet'; choose one of imagenet_c, cifar10_c"
    ):
        Corruption("x", dim, {"imagenet": (1, 2, 3, 4, 5)})
    with pytest.raises(ValueError, match="imagenet_c must have 5 rows of parameters, not 4"):
        Corruption("x", dim, {"imagenet_c": (1, 2, 3, 4)})
    assert parameters("fog", 1) == (1.5, 2)


def test_an_object_that_is_not_a_corruption_is_refused() -> None:
    for name, target, problem in (
        ("plain", dim, "must be a tierbench.corruptions.Corruption, not 'function'"),
        ("other", Corruption("dimming", dim, TABLE), "has another name, 'dimming'"),
    ):
        CORRUPTION_REGISTRY.register(name, target)  # type: ignore[arg-type]  # wrong on purpose
        try:
            with pytest.raises(UserError, match=f"corruption '{name}' of this process .* {problem}; fix the"):
                corrupt(GREY, name, 1, seed=0)
        finally:
            CORRUPTION_REGISTRY.unregister(name)
