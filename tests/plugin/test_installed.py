"""The installed plugin, in processes of its own: loaded by its entry point, no part of sessions that have no suites."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import write_suite
from tests.installed import SHIPS, Call, Ended, Installation
from tierbench.common.text import plural

pytestmark = pytest.mark.slow

TESTS = 'def test_case(robust_case):\n    """The image meets its thresholds."""\n    robust_case.check()\n'
SETTINGS = '[tool.pytest]\ntestpaths = ["cases"]\npythonpath = ["."]\nrobust_model = ["python:ships:Ship"]\n'
A = ["test_case[a/blue_1]", "test_case[a/blue_2]", "test_tier[a/tier1]"]
B = ["test_case[b/red]", "test_tier[b/tier1]"]
# Options whose value is a path.
PATHS = ("reports", "cases", "model", "labels", "processor", "baseline", "markdown")


def make_home(home: Path) -> Path:
    """Write a repository with suites a, which the model passes, and b, which it misses; its other tests cannot run."""
    write_suite(home / "cases" / "a", "file_name,label,tier\nblue_1.png,ship,1\nblue_2.png,ship,1\n")
    write_suite(home / "cases" / "b", "file_name,label,tier\nred.png,airplane,1\n")
    (home / "cases" / "test_tiers.py").write_text(TESTS, encoding="utf-8")
    (home / "ships.py").write_text(SHIPS, encoding="utf-8")
    (home / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    (home / "tests").mkdir()
    (home / "tests" / "conftest.py").write_text("raise SystemError('tests/conftest.py was loaded')\n", encoding="utf-8")
    return home


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return make_home(tmp_path / "home")


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A repository that has nothing of the benchmark, but words and files that come near."""
    home = tmp_path / "foreign"
    (home / "cases" / "sick").mkdir(parents=True)
    (home / "cases" / "sick" / "metadata.csv").write_text("patient,age\n1,50\n", encoding="utf-8")
    text = "def robust_case():\n    return 1\n\n\ndef test_own():\n    assert robust_case() == 1\n"
    (home / "cases" / "test_own.py").write_text(text, encoding="utf-8")
    return home


def names(ended: Ended) -> list[str]:
    """The ids that were listed, without the file."""
    return [node.partition("::")[2] for node in ended.ids]


def test_a_session_without_suites_gets_options_and_nothing_else(installation: Installation, foreign: Path) -> None:
    files = sorted(foreign.rglob("*"))
    calls: tuple[list[str], ...] = ([], ["--markers"], ["--fixtures"], ["--help"])
    # No other plugin, so that what is imported is imported for this one.
    alone = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONDONTWRITEBYTECODE": "1"}

    def several(*options: str) -> tuple[list[Ended], list[str]]:
        bare = {"PYTEST_ADDOPTS": "-p no:cacheprovider"}
        return installation.several(foreign, *(Call([*options, *call], environment=bare) for call in calls), **alone)

    with_it, modules = several("-p", "tierbench.plugin")
    without, _ = several()
    assert [ended.code for ended in with_it] == [0, 0, 0, 0]

    def told(ended: Ended) -> list[str]:
        # What names the plugin itself, or the time.
        return [line for line in ended.text.splitlines() if not line.startswith("plugins: ") and " in 0." not in line]

    assert [told(ended) for ended in with_it[:3]] == [told(ended) for ended in without[:3]]
    assert "1 passed" in with_it[0].text
    assert "--robust-model" in with_it[3].text
    assert sorted(foreign.rglob("*")) == files
    ours = [name.removeprefix("tierbench.plugin") for name in modules if name.startswith("tierbench.plugin")]
    assert ours == ["", ".ini", ".options", ".startup"]
    packages = {name.partition(".")[2].partition(".")[0] for name in modules if name.startswith("tierbench.")}
    assert packages <= {"plugin", "common", "models", "suites"}
    heavy = {"numpy", "pandas", "torch", "transformers", "scipy", "msgspec", "jinja2", "PIL", "pytest_html", "typer"}
    assert heavy.isdisjoint(modules)


def test_it_is_loaded_once_however_it_is_named(installation: Installation, home: Path) -> None:
    off = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    # Told twice as much, pytest says where a function is from: from the user's file, whoever wrote it.
    assert installation.pytest(home, "-vv").outcomes["cases/test_tiers.py::test_tier[a/tier1]"] == "PASSED"
    # Where installed plugins are not loaded, nobody knows the options.
    assert "unrecognized arguments: --robust-gate" in installation.pytest(home, "--robust-gate=flips", **off).text
    (home / "conftest.py").write_text('pytest_plugins = ["tierbench.plugin"]\n', encoding="utf-8")
    for environment in ({}, off):
        ended = installation.pytest(home, "-v", "--robust-gate=thresholds", **environment)
        assert ended.code == 1, ended.text
        assert list(ended.outcomes) == [f"cases/test_tiers.py::{name}" for name in (*A[:2], *B[:1], A[2], B[1])]
        assert len(re.findall("(?m)^Ship: level 0 of 1$", ended.text)) == 1


def test_it_can_be_switched_off(installation: Installation, home: Path) -> None:
    (home / "test_own.py").write_text("def test_own():\n    pass\n", encoding="utf-8")
    ended = installation.pytest(home, "-v", "-p", "no:tierbench.plugin", "test_own.py")
    assert ended.outcomes == {"test_own.py::test_own": "PASSED"}
    assert "suites" not in ended.text
    assert not (home / "reports").exists()


def test_options_with_a_space_load_no_other_conftest(installation: Installation, home: Path) -> None:
    listing = ["--co", "-q"]
    model = str(home / "model")
    (home / "model").mkdir()
    (gate, sweep, other, several), _ = installation.several(
        home,
        Call(["--robust-gate", "flips", *listing]),
        Call(["--robust-corruptions", "fog", "--robust-severities", "2", *listing]),
        Call(["--robust-model", f"other={model}"]),
        Call(["--robust-model", f"x={model}", "--robust-model", f"y={model}", *listing]),
    )
    assert (gate.code, names(gate)) == (0, [*A[:2], *B[:1], A[2], B[1]])
    assert [name for name in names(sweep) if "fog" in name and name.startswith("test_slice")] == [
        "test_slice[a/fog+2]",
        "test_slice[b/fog+2]",
    ]
    # It is the model, and not a folder of tests.
    assert (other.code, other.text.count("ERROR: ")) == (4, 1)
    assert f"ERROR: model {model!r}: has no config.json" in other.text
    assert names(several)[:2] == ["test_case[a/blue_1:x]", "test_case[a/blue_1:y]"]


@pytest.mark.parametrize("settings", [True, False], ids=["settings there", "none there"])
def test_a_path_elsewhere_that_pytest_takes_for_tests_is_answered_in_one_line(
    installation: Installation, home: Path, tmp_path: Path, settings: bool
) -> None:
    folder = tmp_path / "an existing" / "folder"
    folder.mkdir(parents=True)
    if settings:
        (folder.parent / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    calls = [[f"--robust-{name}", str(folder)] for name in PATHS]
    answers, _ = installation.several(
        home,
        *(Call(call) for call in calls),
        *(Call([], environment={"PYTEST_ADDOPTS": f"{option} '{path}'"}) for option, path in calls),
        # With the option before the tests that are meant.
        *(Call([*call, "cases/a"]) for call in calls if settings),
    )
    said = [
        f"ERROR: --robust-{name} {folder}: pytest takes the path for one of tests; write --robust-{name}={folder}"
        for name in PATHS
    ]
    assert [ended.text.strip() for ended in answers] == said * (3 if settings else 2)
    assert {ended.code for ended in answers} == {4}
    assert list(folder.iterdir()) == []


def test_a_path_that_moves_nothing_is_the_options(installation: Installation, home: Path, tmp_path: Path) -> None:
    inside, outside = home / "my reports", tmp_path / "out"
    inside.mkdir()
    outside.mkdir()
    calls = [
        ["--robust-reports", "my reports"],
        ["--robust-reports", str(inside), "cases/a"],
        [f"--robust-reports={outside}"],
        ["--robust-reports", str(outside), "cases/a"],
        ["--robust-markdown", "cases/a/suite.md", "cases/a"],
    ]
    answers, _ = installation.several(home, *map(Call, calls))
    assert [ended.code for ended in answers] == [1, 0, 1, 0, 0]
    assert len(list(inside.glob("*/run.json"))) == 2
    assert len(list(outside.glob("*/run.json"))) == 2
    assert (home / "cases" / "a" / "suite.md").is_file()


# What pytest is given, in which folder → the tests that are meant.
POINTED_AT = [
    (".", ["cases/a"], A),
    (".", ["cases/a/"], A),
    ("cases/a", [], A),
    ("cases/a", ["."], A),
    ("cases", [], [*A[:2], *B[:1], A[2], B[1]]),
    ("cases", ["a", "b"], [*A[:2], *B[:1], A[2], B[1]]),
    ("cases/a", ["../b"], B),
    (".", ["cases/a", "cases"], [*A[:2], *B[:1], A[2], B[1]]),
    (".", ["cases/b::test_tier"], B[1:]),
    (".", ["cases/b::test_case[b/red]"], B[:1]),
    (".", ["cases/a", "cases/b::test_tier"], [*A, B[1]]),
    (".", ["cases/a", "cases/test_tiers.py::test_case[b/red]"], [*A[:2], B[0], A[2]]),
]


@pytest.fixture(scope="module")
def listings(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Ended]:
    """What pytest lists for each of `POINTED_AT`."""
    top = tmp_path_factory.mktemp("listings")
    calls = (Call([*arguments, "--co", "-q"], folder) for folder, arguments, _ in POINTED_AT)
    return Installation(installed, top / "cache").several(make_home(top / "home"), *calls)[0]


@pytest.mark.parametrize(
    ("number", "expected"),
    [(number, expected) for number, (_, _, expected) in enumerate(POINTED_AT)],
    ids=[" ".join([folder, *arguments]) for folder, arguments, _ in POINTED_AT],
)
def test_the_folder_of_a_suite_stands_for_its_tests(listings: list[Ended], number: int, expected: list[str]) -> None:
    ended = listings[number]
    assert names(ended) == expected
    # What is counted is what is listed.
    assert f"\n{plural(len(expected), 'test')} collected in " in ended.text


def test_workers_run_the_suite_that_pytest_was_pointed_at(installation: Installation, home: Path) -> None:
    ended = installation.pytest(home, "-n", "2", "-v", "cases/a", "cases/b::test_case[b/red]")
    ran = re.findall(r"(?m)^\[gw\d\].* ([A-Z]+) cases/test_tiers\.py::(\S+)", ended.text)
    assert sorted(ran) == sorted([*(("PASSED", name) for name in A), ("FAILED", B[0])])
    assert len(list((home / "reports").glob("*/run.json"))) == 1


def test_where_nothing_is_found_it_says_where_it_looked(installation: Installation, home: Path) -> None:
    (home / "cases" / "empty").mkdir()
    (home / "none").mkdir()
    calls = [
        Call(["cases/empty"]),
        Call(["--robust-gate", "flips"], "../elsewhere"),
        Call([], "../elsewhere"),
        Call(["-k", "nothing"]),
    ]
    (home.parent / "elsewhere").mkdir()
    (empty, asked, foreign, deselected), _ = installation.several(home, *calls)
    assert {ended.code for ended in (empty, asked, foreign, deselected)} == {5}
    assert "\nsuites were looked for in cases (robust_cases)\n" in empty.text
    assert "\nno suite was found in cases (robust_cases); `tierbench init` writes a first one\n" in asked.text
    assert "looked for" not in foreign.text + deselected.text
    (home / "cases" / "test_tiers.py").unlink()
    untested = installation.pytest(home, "cases/a")
    line = "\nno test file beside the suites in cases asks for robust_case; `tierbench init` writes one\n"
    assert line in untested.text


def test_looking_records_nothing(installation: Installation, home: Path) -> None:
    answers, _ = installation.several(home, *(Call([option]) for option in ("--setup-plan", "--setup-only", "--co")))
    for ended in answers:
        assert ended.code == 0, ended.text
        assert "test_case[a/blue_1]" in ended.text or "robust_case" in ended.text
    assert not (home / "reports").exists()


def test_the_level_stands_below_pytests_list_of_failures(installation: Installation, home: Path) -> None:
    ended = installation.pytest(home)
    failures = ["= FAILURES =", "short test summary info", "FAILED cases/test_tiers.py::test_tier[b/tier1]"]
    ours = ["= robustness =", "\nShip: level 0 of 1\n", "\nreport: reports/"]
    places = [ended.text.index(part) for part in (*failures, *ours)]
    assert places == sorted(places)


def test_each_test_runs_once_where_the_suites_have_two_test_files(installation: Installation, home: Path) -> None:
    more = "def test_whole(robust_tier):\n    robust_tier.check()\n"
    (home / "cases" / "test_more.py").write_text(more, encoding="utf-8")
    ((ended,), _) = installation.several(home, Call(["--co", "-q"]))
    assert sorted(ended.ids) == sorted(
        [
            *(f"cases/test_tiers.py::{name}" for name in (*A[:2], B[0])),
            "cases/test_more.py::test_whole[a/tier1]",
            "cases/test_more.py::test_whole[b/tier1]",
        ]
    )


def test_a_test_of_the_users_own_keeps_its_name(installation: Installation, home: Path) -> None:
    (home / "cases" / "test_tiers.py").write_text(f"{TESTS}\n\ndef test_tier():\n    pass\n", encoding="utf-8")
    ((ended,), _) = installation.several(home, Call(["--co", "-q"]))
    assert names(ended) == [*A[:2], B[0], "test_tier"]
