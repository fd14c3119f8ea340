"""In other people's repositories, whatever they are called inside, `tierbench init` changes no test of theirs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.flat_colours import flat
from tests.installed import SHIPS, Installation
from tierbench.cli import app

pytestmark = pytest.mark.slow

CASE = "cases/test_tiers.py::test_case[mine/blue]"
SPEED = "def speed():\n    return 3\n"
TESTS = "\n\ndef test_speed():\n    assert speed() == 3\n\n\ndef test_failing():\n    assert speed() == 4\n"

# Files of a repository: path → text.
REPOSITORIES: dict[str, Mapping[str, str]] = {
    "benchmark.py": {
        "benchmark.py": SPEED,
        "conftest.py": "",
        "tests/test_speed.py": f"from benchmark import speed{TESTS}",
    },
    "benchmark/__init__.py": {
        "benchmark/__init__.py": SPEED,
        # With a pytest plugin of theirs, of the very name that ours once had.
        "benchmark/plugin.py": "import pytest\n\n@pytest.fixture\ndef quick():\n    return 3\n",
        "conftest.py": 'pytest_plugins = ["benchmark.plugin"]\n',
        "pyproject.toml": '[project]\nname = "theirs"\nversion = "1"\n',
        "tests/test_speed.py": f"from benchmark import speed{TESTS}\n\ndef test_quick(quick):\n    assert quick == 3\n",
    },
    "src/benchmark": {
        "src/benchmark/__init__.py": SPEED,
        "pytest.ini": "[pytest]\npythonpath = src\ntestpaths = tests\n",
        "tests/test_speed.py": f"from benchmark import speed{TESTS}",
    },
    "tests/benchmark": {
        "tests/benchmark/__init__.py": SPEED,
        "tests/benchmark/test_speed.py": f"from benchmark import speed{TESTS}",
        "tests/test_other.py": "def test_other():\n    pass\n",
        "setup.cfg": "[tool:pytest]\nxfail_strict = true\n",
    },
    "benchmarks": {
        "benchmarks/test_speed.py": SPEED + TESTS,
        "tests/test_other.py": "import pytest\n\n@pytest.mark.skip\ndef test_other():\n    pass\n",
    },
    # What pytest knows by its bare name, as it does the file that init writes.
    "tests/test_tiers.py": {"tests/test_tiers.py": SPEED + TESTS},
}


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Call `tierbench` in a folder."""

    def call(home: Path, *arguments: str) -> None:
        monkeypatch.chdir(home)
        answer = CliRunner().invoke(app, arguments, catch_exceptions=False)
        assert answer.exit_code == 0, answer.output

    return call


def write(home: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, encoding="utf-8")
    return home


def add_ship(command: Callable[..., None], home: Path, *suite: str) -> None:
    flat("blue").save(home / "blue.png")
    command(home, "add", "blue.png", "--label", "ship", "--tier", "1", "--suite", *(suite or ("mine",)))


@pytest.mark.parametrize("name", REPOSITORIES)
def test_their_tests_run_as_before_and_the_suite_runs_too(
    name: str, installation: Installation, command: Callable[..., None], tmp_path: Path
) -> None:
    home = write(tmp_path / "home", {"ships.py": SHIPS, **REPOSITORIES[name]})
    before = installation.pytest(home, "-v")
    assert sorted(set(before.outcomes.values())) in (["FAILED", "PASSED"], ["FAILED", "PASSED", "SKIPPED"])
    command(home, "init", "--model", "python:ships:Ship")
    add_ship(command, home)
    after = installation.pytest(home, "-v")
    assert after.outcomes.pop(CASE) == "PASSED"
    theirs = {node: outcome for node, outcome in after.outcomes.items() if not node.startswith("cases/")}
    assert theirs == before.outcomes
    assert "Ship: level 1 of 1" in after.text


MONOREPO = {
    "pyproject.toml": '[tool.pytest]\ntestpaths = ["tests"]\npythonpath = ["."]\n',
    "tests/test_other.py": "def test_other():\n    pass\n",
    "ships.py": SHIPS,
}


def test_a_project_in_a_larger_repository_runs_from_the_top_and_alone(
    installation: Installation, command: Callable[..., None], tmp_path: Path
) -> None:
    home = write(tmp_path / "home", MONOREPO)
    command(home, "init", "ml/bench", "--model", "python:ships:Ship")
    command(home, "init", "ml/other", "--suite", "others")
    add_ship(command, home)
    add_ship(command, home / "ml" / "other", "others")
    project, other = ("ml/bench/cases/test_tiers.py", "ml/other/cases/test_tiers.py")
    ours = {f"{project}::test_case[mine/blue]": "PASSED", f"{project}::test_tier[mine/tier1]": "PASSED"}
    others = {f"{other}::test_case[others/blue]": "PASSED", f"{other}::test_tier[others/tier1]": "PASSED"}
    whole = installation.pytest(home, "-v")
    assert whole.code == 0, whole.text
    # Each file runs the suites beside it, and only these.
    assert whole.outcomes == {"tests/test_other.py::test_other": "PASSED"} | ours | others
    assert len(list((home / "reports").glob("*/run.json"))) == 1
    alone = installation.pytest(home / "ml" / "bench", "-v")
    assert alone.code == 0, alone.text
    # Shown from there.
    assert {f"ml/bench/{node}": outcome for node, outcome in alone.outcomes.items()} == ours
    assert "robustness" not in installation.pytest(home, "tests").text


def test_a_project_with_settings_of_its_own_is_found_from_the_top_too(
    installation: Installation, command: Callable[..., None], tmp_path: Path
) -> None:
    home = write(tmp_path / "home", MONOREPO | {"pyproject.toml": '[tool.pytest]\npythonpath = ["."]\n'})
    write(home / "ml" / "bench", {"ships.py": SHIPS, "pytest.ini": "[pytest]\npythonpath = .\n"})
    command(home, "init", "ml/bench", "--model", "python:ships:Ship")
    add_ship(command, home / "ml" / "bench")
    alone = installation.pytest(home / "ml" / "bench", "-v")
    assert alone.outcomes == {CASE: "PASSED", "cases/test_tiers.py::test_tier[mine/tier1]": "PASSED"}
    # There its own settings do not count: the model is named to the top.
    whole = installation.pytest(home, "-v", "--robust-model", "python:ships:Ship")
    assert whole.outcomes == {
        "tests/test_other.py::test_other": "PASSED",
        f"ml/bench/{CASE}": "PASSED",
        "ml/bench/cases/test_tiers.py::test_tier[mine/tier1]": "PASSED",
    }


# The test file that `init` of 0.1 wrote, and the one of tierbench's own repository, which people copied.
WRITTEN = "".join(
    f"def test_{kind}(robust_{kind}):\n    robust_{kind}.check()\n\n\n"
    for kind in ("case", "tier", "ladder", "regression", "slice")
)
COPIED = """\
from benchmark.plugin.fixtures import Check

def test_case(robust_case: Check) -> None:
    robust_case.check()

def test_tier(robust_tier: Check) -> None:
    robust_tier.check()
"""


@pytest.mark.parametrize("tests", [WRITTEN, COPIED], ids=["written", "copied"])
def test_a_repository_of_0_1_goes_on(
    tests: str, installation: Installation, command: Callable[..., None], tmp_path: Path
) -> None:
    old = {
        "conftest.py": 'pytest_plugins = ["benchmark.plugin"]\n',
        "pyproject.toml": '[tool.pytest]\ntestpaths = ["cases"]\nrobust_model = ["python:ships:Ship"]\n',
        "ships.py": SHIPS,
        "cases/test_tiers.py": tests,
    }
    home = write(tmp_path / "home", old)
    command(home, "init")
    changed = {name for name, text in old.items() if (home / name).read_text(encoding="utf-8") != text}
    assert changed == {"conftest.py", *(["cases/test_tiers.py"] if tests == COPIED else [])}
    add_ship(command, home)
    ended = installation.pytest(home, "-v")
    assert ended.code == 0, ended.text
    assert list(ended.outcomes) == [CASE, "cases/test_tiers.py::test_tier[mine/tier1]"]
