"""A registry lists names without importing, loads a part on first use, and names the owner of a broken part."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest

from tests.distribution import install, python_with
from tierbench.common.errors import UserError
from tierbench.common.registry import Registry

GROUP = "tierbench.tests"


def share_registry(built_in: Mapping[str, str] | None = None) -> Registry[Fraction]:
    """Return a registry of fractions with two built-in ones."""
    return Registry[Fraction](
        "share",
        built_in or {"zero": "tests.common.shares:ZERO", "half": "tests.common.shares:HALF"},
        group=GROUP,
        problem=lambda name, part: "" if isinstance(part, Fraction) else f"must be a Fraction, not {part!r}",
        reserved=("all",),
    )


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages on sys.path."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def message(registry: Registry[Fraction], name: str) -> str:
    """Return the one line of the error that getting a name raises."""
    with pytest.raises(UserError) as error:
        registry.get(name)
    (line,) = error.value.lines
    assert "\n" not in line
    return line


def test_a_part_is_imported_on_first_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "tests.common.shares", raising=False)
    registry = share_registry()
    assert registry.names() == ("zero", "half")
    assert "half" in registry
    assert "third" not in registry
    registry.check("half")
    assert registry.owner("half") == "tierbench"
    assert "tests.common.shares" not in sys.modules
    assert registry.get("half") == Fraction(1, 2)
    assert "tests.common.shares" in sys.modules


def test_an_unknown_name_lists_the_nearest_and_all_names() -> None:
    registry = share_registry()
    assert message(registry, "hafl") == "unknown share 'hafl'; did you mean 'half'? Known: zero, half"
    assert message(registry, "x\ny") == "unknown share 'x\\\\ny'; known: zero, half"


def test_an_entry_point_of_another_package_is_a_part(site: Path) -> None:
    install(site, "more-shares", {GROUP: {"third": "shares_a:THIRD", "a_fifth": "shares_a:Box.fifth"}}, {
        "shares_a": "from fractions import Fraction\nTHIRD = Fraction(1, 3)\nclass Box:\n    fifth = Fraction(1, 5)\n"
    })  # fmt: skip
    registry = share_registry()
    assert registry.names() == ("zero", "half", "a_fifth", "third")
    assert registry.owner("third") == "more-shares 1.0"
    assert registry.is_built_in("half")
    assert not registry.is_built_in("third")
    assert "shares_a" not in sys.modules
    assert registry.get("third") is registry.get("third")
    assert registry.get("a_fifth") == Fraction(1, 5)


@pytest.mark.parametrize(
    ("target", "text", "problem"),
    [
        ("absent_module:X", None, "cannot be loaded: ModuleNotFoundError: No module named 'absent_module'"),
        ("shares_b:ABSENT", "", "cannot be loaded: AttributeError: module 'shares_b' has no attribute 'ABSENT'"),
        ("shares_c:X", "raise OSError('no\\ndisk')", "cannot be loaded: OSError: no"),
        ("shares_d:X", "raise SystemExit(3)", "cannot be loaded: SystemExit: 3"),
        ("shares_e:X", "X = 3", "must be a Fraction, not 3"),
    ],
)
def test_a_part_that_cannot_be_loaded_is_one_line_that_names_its_package(
    site: Path, target: str, text: str | None, problem: str
) -> None:
    modules = {target.partition(":")[0]: text} if text is not None else {}
    install(site, "broken", {GROUP: {"third": target}}, modules)
    registry = share_registry()
    expected = f"share 'third' of broken 1.0 ({target}) {problem}; fix or uninstall that package"
    assert message(registry, "third") == expected
    # The others still work.
    assert registry.get("half") == Fraction(1, 2)


def test_a_name_registered_twice_is_refused_with_both_owners(site: Path) -> None:
    install(site, "first", {GROUP: {"half": "one:X", "third": "one:X"}}, {})
    install(site, "second", {GROUP: {"third": "two:X"}}, {})
    registry = share_registry()
    assert registry.names() == ("zero", "half", "third")
    end = "; rename one or uninstall its package"
    assert message(registry, "half") == f"share 'half' is registered twice: by tierbench and by first 1.0 (one:X){end}"
    twice = f"share 'third' is registered twice: by first 1.0 (one:X) and by second 1.0 (two:X){end}"
    assert message(registry, "third") == twice
    assert registry.get("zero") == 0


def test_invalid_names_are_refused(site: Path) -> None:
    install(site, "odd", {GROUP: {"all": "odd:X", "Fog-Heavy": "odd:X"}}, {})
    registry = share_registry()
    assert message(registry, "all") == "share 'all' of odd 1.0 (odd:X): this name is reserved; choose another"
    expected = "share 'Fog-Heavy' of odd 1.0 (odd:X): the name may contain only lower-case letters, digits and _"
    assert message(registry, "Fog-Heavy") == expected + "; choose another"


def test_a_process_registers_and_unregisters_parts() -> None:
    registry = share_registry()
    registry.register("third", Fraction(1, 3))
    registry.register("quarter", "tests.common.shares:QUARTER")
    assert registry.names() == ("zero", "half", "third", "quarter")
    assert (registry.get("third"), registry.get("quarter")) == (Fraction(1, 3), Fraction(1, 4))
    assert registry.owner("third") == "this process"
    for name, owner in (("half", "tierbench"), ("third", "this process (Fraction)")):
        with pytest.raises(UserError, match="is registered twice: by ") as error:
            registry.register(name, Fraction(1, 7))
        assert f"by {owner} and by this process (Fraction)" in str(error.value)
    with pytest.raises(UserError, match="reserved"):
        registry.register("all", Fraction(1))
    with pytest.raises(UserError, match="lower-case letters"):
        registry.register("a third", Fraction(1, 3))
    registry.unregister("third")
    assert "third" not in registry
    assert message(registry, "third").startswith("unknown share")
    with pytest.raises(KeyError):
        registry.unregister("half")
    registry.register("bad", "tests.common.shares:NO_SHARE")
    expected = "share 'bad' of this process (tests.common.shares:NO_SHARE) must be a Fraction"
    assert message(registry, "bad").startswith(expected)


def test_a_broken_built_in_part_is_not_a_user_error() -> None:
    with pytest.raises(AttributeError):
        share_registry({"zero": "tests.common.shares:ABSENT"}).get("zero")


def test_the_registries_are_cheap_to_import(tmp_path: Path) -> None:
    code = (
        "import sys; import tierbench.common.registry as r; early = 'importlib.metadata' in sys.modules\n"
        "import tierbench.corruptions.selection, tierbench.metrics.registry, tierbench.models.registry\n"
        "import tierbench.models.spec\n"
        "print(early, sorted({'numpy', 'torch', 'PIL', 'pandas', 'scipy', 'transformers'} & set(sys.modules)))"
    )
    answer = python_with(tmp_path, "-c", code, cwd=tmp_path)
    assert answer.stdout.strip() == "False []", answer.stderr
