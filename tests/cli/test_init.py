from collections.abc import Callable
from pathlib import Path

import pytest
import skimage

from tests.cli.conftest import Answer

Call = Callable[..., Answer]
CHELSEA = Path(skimage.__file__).parent / "data" / "chelsea.png"


def test_an_empty_folder_becomes_a_benchmark(tierbench: Call, workplace: Path, pytester: pytest.Pytester) -> None:
    answer = tierbench("init", "new", "--suite", "pets")
    assert answer.code == 0
    written = sorted(path.relative_to("new").as_posix() for path in Path("new").rglob("*") if path.is_file())
    assert written == [
        ".gitignore",
        "cases/pets/metadata.csv",
        "cases/pets/suite.toml",
        "cases/test_tiers.py",
        "conftest.py",
        "pyproject.toml",
    ]
    add = ("--suite", "new/cases/pets", "--tier", "1")
    assert tierbench("add", str(CHELSEA), *add, "--label", "tabby|tiger cat|Egyptian cat").code == 0
    copy = Path("dog.png").absolute()
    copy.write_bytes(CHELSEA.read_bytes() + b"\0")
    assert tierbench("add", str(copy), *add, "--label", "beagle").code == 0
    new = str(Path("new").absolute())
    result = pytester.runpytest_subprocess("--rootdir", new, new)
    # The cat passes; the cat that is told to be a beagle fails, and with it its tier.
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*expected beagle ≥ 0.50, got tiger cat*", "reference: level 0 of 1"])


def test_an_existing_project_runs_its_own_tests_from_then_on(
    tierbench: Call, workplace: Path, pytester: pytest.Pytester
) -> None:
    home = pytester.path
    (home / "tests").mkdir()
    (home / "tests" / "test_mine.py").write_text("def test_mine(): pass\n", encoding="utf-8")
    (home / "pyproject.toml").write_text('[tool.pytest]\ntestpaths = ["tests"]\n', encoding="utf-8")
    assert tierbench("init", str(home), "--suite", "street").code == 0
    result = pytester.runpytest_inprocess("-p", "no:hypothesispytest")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["suite street has no case yet: `tierbench add IMAGE --suite street --label LABEL` adds one"]
    )
    assert not (home / "reports").exists()


def test_what_is_there_is_kept(tierbench: Call, workplace: Path) -> None:
    pyproject = '[project]\nname = "mine"\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    Path("pyproject.toml").write_text(pyproject, encoding="utf-8")
    Path("conftest.py").write_text("import os\n", encoding="utf-8")
    Path(".gitignore").write_text("*.pyc", encoding="utf-8")
    assert tierbench("init").code == 0
    assert Path("pyproject.toml").read_text(encoding="utf-8") == pyproject.replace('["tests"]', '["tests", "cases"]')
    assert Path("conftest.py").read_text(encoding="utf-8") == 'import os\n\npytest_plugins = ["tierbench.plugin"]\n'
    assert Path(".gitignore").read_text(encoding="utf-8") == "*.pyc\nreports/*\n!reports/baselines/\n"
    before = {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()}
    again = tierbench("init")
    assert again.code == 0
    assert "changed" not in again.out
    assert {path: path.read_bytes() for path in workplace.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (
            "pytest.ini",
            "[pytest]\ntestpaths = tests\n",
            "[pytest]\nrobust_model = org/name\ntestpaths = tests cases\n",
        ),
        (
            "pytest.toml",
            '[pytest]\ntestpaths = ["tests"]\n',
            '[pytest]\nrobust_model = ["org/name"]\ntestpaths = ["tests", "cases"]\n',
        ),
        (
            "setup.cfg",
            "[tool:pytest]\nxfail_strict = true\n",
            "[tool:pytest]\nrobust_model = org/name\nxfail_strict = true\n",
        ),
        ("tox.ini", "[pytest]\n", "[pytest]\nrobust_model = org/name\n"),
        (
            "pyproject.toml",
            '[project]\nname = "mine"\n\n[tool.pytest.ini_options]  # ours\ntestpaths = ["tests"]\n',
            '[project]\nname = "mine"\n\n[tool.pytest.ini_options]  # ours\nrobust_model = ["org/name"]\n'
            'testpaths = ["tests", "cases"]\n',
        ),
    ],
)
def test_settings_go_where_pytest_reads_them(
    tierbench: Call, workplace: Path, file: str, before: str, after: str
) -> None:
    Path(file).write_text(before, encoding="utf-8")
    answer = tierbench("init", "--model", "org/name")
    assert answer.code == 0, answer.out
    assert Path(file).read_text(encoding="utf-8") == after
    assert file == "pyproject.toml" or not Path("pyproject.toml").exists()
    assert tierbench("init", "--model", "org/name").code == 0
    assert Path(file).read_text(encoding="utf-8") == after


@pytest.mark.parametrize(
    ("file", "before", "to_do"),
    [
        ("pyproject.toml", "[tool.pytest.ini_options]\ntestpaths = []\n", []),
        ("pyproject.toml", "[tool.pytest]\n", []),
        ("pyproject.toml", "[tool.pytest]\n# nothing yet", []),
        (
            "pyproject.toml",
            '[tool.pytest]\ntestpaths = ["tests", # all "cases"\n]\n',
            ["pyproject.toml: add cases to testpaths"],
        ),
        (
            "pyproject.toml",
            '[tool.other]\ntestpaths = ["x"]\n[tool.pytest]\ntestpaths = [\n  "tests",\n]\n',
            ["pyproject.toml: add cases to testpaths"],
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\ntestpaths = "testcases"\n',
            ["pyproject.toml: add cases to testpaths"],
        ),
        (
            "pytest.ini",
            "[pytest]\npython_files = check_*.py\n",
            ["pytest.ini: add test_tiers.py to python_files"],
        ),
    ],
)
def test_settings_stay_readable_whatever_they_look_like(
    tierbench: Call, pytester: pytest.Pytester, file: str, before: str, to_do: list[str]
) -> None:
    (pytester.path / file).write_text(before, encoding="utf-8")
    answer = tierbench("init", str(pytester.path), "--model", "../😀/model")
    told = [line.partition(f"{pytester.path}/")[2] for line in answer.out.splitlines() if line.startswith("to do")]
    assert told == to_do
    assert answer.code == (1 if to_do else 0)
    # pytest reads the file, and the model in it.
    result = pytester.runpytest_inprocess("cases", "-p", "no:hypothesispytest")
    assert "model '../😀/model'" in result.stderr.str() + result.stdout.str()
    # What is another tool's stays.
    text = (pytester.path / file).read_text(encoding="utf-8")
    assert 'testpaths = ["x"]' in text or "tool.other" not in before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("conftest.py", b"# caf\xe9\n"),
        ("conftest.py", b"def (\n"),
        ("pyproject.toml", b"# caf\xe9\n"),
        ("pytest.ini", b"a\n[pytest\n"),
        (".gitignore", b"\xff\n"),
        ("cases", b""),
    ],
)
def test_what_cannot_be_read_or_written_leaves_everything_as_it_was(
    tierbench: Call, workplace: Path, name: str, content: bytes
) -> None:
    home = workplace / "home"
    home.mkdir()
    (home / name).write_bytes(content)
    answer = tierbench("init", "home")
    assert answer.code == 4
    assert len(answer.err.splitlines()) == 1
    assert [path.name for path in home.iterdir()] == [name]


def test_line_ends_and_links_are_kept(tierbench: Call, workplace: Path) -> None:
    (workplace / "shared.py").write_bytes(b"# tierbench.plugin and pytest_plugins are named here only\r\nimport os\r\n")
    Path("conftest.py").symlink_to("shared.py")
    Path("pyproject.toml").write_bytes(b'[tool.pytest]\r\ntestpaths = ["tests"]\r\n')
    Path(".gitignore").write_bytes(b"reports/\r\n")
    answer = tierbench("init", "--model", "org/name")
    assert Path("conftest.py").is_symlink()
    assert Path("shared.py").read_bytes().endswith(b'import os\r\n\r\npytest_plugins = ["tierbench.plugin"]\r\n')
    assert Path("pyproject.toml").read_bytes() == (
        b'[tool.pytest]\r\nrobust_model = ["org/name"]\r\ntestpaths = ["tests", "cases"]\r\n'
    )
    assert Path(".gitignore").read_bytes() == b"reports/\r\nreports/*\r\n!reports/baselines/\r\n"
    assert answer.code == 1
    assert "to do     .gitignore: reports/ hides reports/baselines/ too; write reports/* in its place" in answer.out


def test_a_folder_below_a_repository_and_a_package_of_our_name_are_told(tierbench: Call, workplace: Path) -> None:
    Path("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    (workplace / "bench" / "benchmark").mkdir(parents=True)
    (workplace / "bench" / "benchmark" / "__init__.py").touch()
    answer = tierbench("init", "bench")
    assert answer.code == 1
    assert f"pytest takes {workplace} for the top of the repository" in answer.out
    assert "bench/benchmark: hides tierbench's package of this name" in answer.out


def test_settings_that_cannot_be_read_are_told_before_anything_is_written(tierbench: Call, workplace: Path) -> None:
    Path("pytest.toml").write_text("[pytest\n", encoding="utf-8")
    before = sorted(workplace.rglob("*"))
    answer = tierbench("init")
    assert answer.code == 4
    assert answer.err.startswith("error: pytest.toml: cannot be read: Expected ']'")
    assert answer.err.endswith("mend it first\n")
    assert sorted(workplace.rglob("*")) == before


def test_what_cannot_be_changed_safely_is_told(tierbench: Call, workplace: Path) -> None:
    Path("conftest.py").write_text('pytest_plugins = ["mine"]\n', encoding="utf-8")
    ini = "[pytest]\ntestpaths =\n    tests\n    docs\nrobust_model = other\n"
    Path("pytest.ini").write_text(ini, encoding="utf-8")
    answer = tierbench("init", "--model", "org/name")
    assert answer.code == 1
    assert 'conftest.py: add "tierbench.plugin" to pytest_plugins' in answer.out
    assert "pytest.ini: add cases to testpaths" in answer.out
    assert "pytest.ini: set robust_model = org/name among pytest's settings" in answer.out
    assert Path("pytest.ini").read_text(encoding="utf-8") == ini
    assert Path("conftest.py").read_text(encoding="utf-8") == 'pytest_plugins = ["mine"]\n'


def test_a_model_reaches_the_settings_as_text(tierbench: Call, workplace: Path) -> None:
    assert tierbench("init", "--model", 'a"b\\c').code == 0
    assert 'robust_model = ["a\\"b\\\\c"]' in Path("pyproject.toml").read_text(encoding="utf-8")
