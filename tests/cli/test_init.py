from collections.abc import Callable
from pathlib import Path

import pytest
import skimage

from tests.cli.conftest import Answer
from tests.neighbours import WITHOUT_NEIGHBOURS

Call = Callable[..., Answer]
# Load the plugin as if tierbench were installed; without plugins that would be imported again in every run.
PLUGIN = ("-p", "tierbench.plugin", *WITHOUT_NEIGHBOURS.split())
CHELSEA = Path(skimage.__file__).parent / "data" / "chelsea.png"


@pytest.mark.slow
# `colour_model` imports what pytester would import again in every run.
@pytest.mark.usefixtures("colour_model", "reference_cache")
def test_an_empty_folder_becomes_a_benchmark(tierbench: Call, workplace: Path, pytester: pytest.Pytester) -> None:
    answer = tierbench("init", "new", "--suite", "pets")
    assert answer.code == 0
    written = sorted(path.relative_to("new").as_posix() for path in Path("new").rglob("*") if path.is_file())
    assert written == [
        ".gitignore",
        "cases/pets/metadata.csv",
        "cases/pets/suite.toml",
        "cases/test_tiers.py",
        "pyproject.toml",
    ]
    add = ("--suite", "new/cases/pets", "--tier", "1")
    assert tierbench("add", str(CHELSEA), *add, "--label", "tabby|tiger cat|Egyptian cat").code == 0
    copy = Path("dog.png").absolute()
    copy.write_bytes(CHELSEA.read_bytes() + b"\0")
    assert tierbench("add", str(copy), *add, "--label", "beagle").code == 0
    new = str(Path("new").absolute())
    result = pytester.runpytest_inprocess(*PLUGIN, "--rootdir", new, new)
    # The cat passes; the cat that is labelled as a beagle fails, and so does its tier.
    result.assert_outcomes(passed=1, failed=2)
    result.stdout.fnmatch_lines(["*expected beagle, got tiger cat*", "reference: level 0 of 1"])


# `colour_model` imports what pytester would import again in every run.
@pytest.mark.usefixtures("colour_model", "reference_cache")
def test_an_existing_project_still_runs_its_own_tests(
    tierbench: Call, workplace: Path, pytester: pytest.Pytester
) -> None:
    home = pytester.path
    (home / "tests").mkdir()
    (home / "tests" / "test_mine.py").write_text("def test_mine(): pass\n", encoding="utf-8")
    (home / "pyproject.toml").write_text('[tool.pytest]\ntestpaths = ["tests"]\n', encoding="utf-8")
    assert tierbench("init", str(home), "--suite", "street").code == 0
    result = pytester.runpytest_inprocess(*PLUGIN)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        ["suite street has no case yet: `tierbench add IMAGE --suite street --label LABEL` adds one"]
    )
    assert not (home / "reports").exists()


def test_existing_files_are_kept(tierbench: Call, workplace: Path) -> None:
    pyproject = '[project]\nname = "mine"\n\n[tool.pytest.ini_options]\ntestpaths = ["tests"]\n'
    Path("pyproject.toml").write_text(pyproject, encoding="utf-8")
    Path("conftest.py").write_text("import os\n", encoding="utf-8")
    Path(".gitignore").write_text("*.pyc", encoding="utf-8")
    assert tierbench("init").code == 0
    assert Path("pyproject.toml").read_text(encoding="utf-8") == pyproject.replace('["tests"]', '["tests", "cases"]')
    assert Path("conftest.py").read_text(encoding="utf-8") == "import os\n"
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
def test_settings_are_written_to_the_file_that_pytest_reads(
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
            [],
        ),
        (
            "pyproject.toml",
            '[tool.other]\ntestpaths = ["x"]\n[tool.pytest]\ntestpaths = [\n  "tests",\n]\n',
            [],
        ),
        ("pyproject.toml", '[tool.pytest.ini_options]\ntestpaths = "testcases"\n', []),
        (
            "pyproject.toml",
            'tool.pytest.ini_options.testpaths = ["tests"]\n',
            ["pyproject.toml: add cases to testpaths", "pyproject.toml: add ../😀/model to robust_model"],
        ),
        (
            "pytest.ini",
            "[pytest]\npython_files = check_*.py\n",
            ["pytest.ini: add test_tiers.py to python_files"],
        ),
    ],
)
def test_settings_in_any_notation_stay_readable(
    tierbench: Call, pytester: pytest.Pytester, file: str, before: str, to_do: list[str]
) -> None:
    (pytester.path / file).write_text(before, encoding="utf-8")
    answer = tierbench("init", str(pytester.path), "--model", "../😀/model")
    printed = [line.partition(f"{pytester.path}/")[2] for line in answer.out.splitlines() if line.startswith("to do")]
    assert printed == to_do
    assert answer.code == (1 if to_do else 0)
    config = pytester.parseconfig(*PLUGIN)
    assert config.getini("robust_model") == (["../😀/model"] if "robust_model" not in str(to_do) else [])
    assert "cases" in config.getini("testpaths") or "testpaths" in str(to_do) or "tests" not in before
    # The settings of other tools are kept.
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
def test_a_file_that_cannot_be_read_or_written_leaves_everything_unchanged(
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
    before = b"# benchmark.plugin is named here only\r\nimport os\r\npytest_plugins = ['benchmark.plugin']\r\n"
    (workplace / "shared.py").write_bytes(before)
    Path("conftest.py").symlink_to("shared.py")
    Path("pyproject.toml").write_bytes(b'[tool.pytest]\r\ntestpaths = [\r\n  "tests",\r\n]\r\n')
    Path(".gitignore").write_bytes(b"reports/\r\n")
    answer = tierbench("init", "--model", "org/name")
    assert Path("conftest.py").is_symlink()
    assert Path("shared.py").read_bytes() == before.replace(b"'benchmark", b"'tierbench")
    assert Path("pyproject.toml").read_bytes() == (
        b'[tool.pytest]\r\nrobust_model = ["org/name"]\r\ntestpaths = [\r\n  "tests",\r\n  "cases",\r\n]\r\n'
    )
    assert Path(".gitignore").read_bytes() == b"reports/\r\nreports/*\r\n!reports/baselines/\r\n"
    assert answer.code == 1
    assert "to do     .gitignore: reports/ hides reports/baselines/ too; replace it with reports/*" in answer.out


@pytest.mark.parametrize(
    "line",
    [
        'pytest_plugins = ["NAME.plugin"]',
        "pytest_plugins = ['NAME.plugin']",
        'pytest_plugins = "NAME.plugin"',
        "pytest_plugins = 'mine,NAME.plugin'",
        'pytest_plugins = ("mine", "NAME.plugin")  # ☃ benchmark.plugin',
        'pytest_plugins: list[str] = ["é", "NAME.plugin", "benchmark.plugins", "my.benchmark.plugin"]',
        'pytest_plugins = [\n    "mine",\n\f    "NAME.plugin",  # ours\n]',
        'pytest_plugins = ["mine"]\npytest_plugins += ["NAME.plugin"]',
        'x = ["benchmark.plugin"]; pytest_plugins = x[:0] + ["NAME.plugin", "NAME.plugin"]',
    ],
)
def test_the_old_name_of_the_plugin_is_changed_and_nothing_else(tierbench: Call, workplace: Path, line: str) -> None:
    text = f'\ufeff"""Load benchmark.plugin."""\n# benchmark.plugin\n\n{line}\n\ny = "benchmark.plugin"   \n'
    Path("conftest.py").write_text(text.replace("NAME", "benchmark"), encoding="utf-8")
    assert tierbench("init").code == 0
    assert Path("conftest.py").read_text(encoding="utf-8") == text.replace("NAME", "tierbench")
    assert "kept      conftest.py" in tierbench("init").out


def test_an_old_name_that_cannot_be_changed_safely_is_reported(tierbench: Call, workplace: Path) -> None:
    text = 'pytest_plugins = """\\\nbenchmark.plugin"""\n'
    Path("conftest.py").write_text(text, encoding="utf-8")
    answer = tierbench("init")
    assert answer.code == 1
    assert "to do     conftest.py: replace benchmark.plugin with tierbench.plugin in pytest_plugins" in answer.out
    assert Path("conftest.py").read_text(encoding="utf-8") == text


@pytest.mark.parametrize(
    "module", ["benchmark/plugin.py", "src/benchmark/plugin/__init__.py", "lib/benchmark/plugin.py"]
)
def test_the_users_own_benchmark_plugin_keeps_its_name(tierbench: Call, workplace: Path, module: str) -> None:
    Path("pytest.ini").write_text("[pytest]\npythonpath =\n  lib\n", encoding="utf-8")
    Path(module).parent.mkdir(parents=True)
    Path(module).touch()
    Path("conftest.py").write_text('pytest_plugins = ["benchmark.plugin"]\n', encoding="utf-8")
    assert tierbench("init").code == 0
    assert Path("conftest.py").read_text(encoding="utf-8") == 'pytest_plugins = ["benchmark.plugin"]\n'


OLD_TESTS = """import os
from benchmark.plugin.fixtures import Check{alias}

def test_case(robust_case: {name}) -> None:
    robust_case.check()
"""


@pytest.mark.parametrize(
    ("alias", "changed", "name"),
    [("", " as Check", "Check"), (" as C  # ours", " as C  # ours", "C"), ("  # ours", " as Check  # ours", "Check")],
)
def test_an_annotated_test_file_of_0_1_imports_by_the_new_name(
    tierbench: Call, workplace: Path, alias: str, changed: str, name: str
) -> None:
    file = Path("cases/test_tiers.py")
    file.write_text(OLD_TESTS.format(alias=alias, name=name), encoding="utf-8")
    assert tierbench("init").code == 0
    expected = OLD_TESTS.format(alias=changed, name=name)
    assert file.read_text(encoding="utf-8") == expected.replace(
        "benchmark.plugin.fixtures import Check", "tierbench.plugin import Verdict"
    )
    # A second test file is not written, whatever the first one is called.
    file.rename("cases/test_ours.py")
    assert "test_tiers.py" not in tierbench("init").out


def test_it_says_what_to_write_if_installed_plugins_are_not_loaded(
    tierbench: Call, workplace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("pytest.toml").write_text('[pytest]\naddopts = ["--disable-plugin-autoload"]\n', encoding="utf-8")
    answer = tierbench("init")
    assert answer.code == 1
    assert "to do     pytest.toml: add -p tierbench.plugin to addopts" in answer.out
    Path("conftest.py").write_text('pytest_plugins = ["tierbench.plugin"]\n', encoding="utf-8")
    assert tierbench("init").code == 0


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        (
            "pyproject.toml",
            '[tool.pytest]\ntestpaths = ["tests"]  # ours\n',
            '[tool.pytest]\nrobust_cases = ["ml/my bench/cases"]\ntestpaths = ["tests", "ml/my bench/cases"]  # ours\n',
        ),
        (
            "pyproject.toml",
            '[tool.pytest.ini_options]\nrobust_cases = "other"\nx = 1\n',
            '[tool.pytest.ini_options]\nrobust_cases = ["other", "ml/my bench/cases"]\nx = 1\n',
        ),
        (
            "pytest.toml",
            "[pytest]\nrobust_cases = [\n    # all\n    'other' # \"x\"\n]\n",
            '[pytest]\nrobust_cases = [\n    # all\n    \'other\',\n    "ml/my bench/cases" # "x"\n]\n',
        ),
        (".pytest.toml", "[pytest]\nrobust_cases = [ ]\n", '[pytest]\nrobust_cases = ["ml/my bench/cases"]\n'),
        ("pytest.toml", "", '[pytest]\nrobust_cases = ["ml/my bench/cases"]\n'),
        (
            "pytest.ini",
            "[pytest]\naddopts = -q\ntestpaths = tests\n\n[elsewhere]\nrobust_cases = x\n",
            "[pytest]\nrobust_cases = ml/my bench/cases\naddopts = -q\ntestpaths = tests 'ml/my bench/cases'\n\n"
            "[elsewhere]\nrobust_cases = x\n",
        ),
        (".pytest.ini", "", "[pytest]\nrobust_cases = ml/my bench/cases\n"),
        (
            "tox.ini",
            "[tox]\nenvlist = x\n[pytest]\nrobust_cases = other\ntestpaths =\n\ttests\n\tdocs\n",
            "[tox]\nenvlist = x\n[pytest]\nrobust_cases = other\n    ml/my bench/cases\n"
            "testpaths =\n\ttests\n\tdocs\n\t'ml/my bench/cases'\n",
        ),
        (
            "setup.cfg",
            "[metadata]\nname = x\n\n[tool:pytest]\nrobust_cases =\n  other\n",
            "[metadata]\nname = x\n\n[tool:pytest]\nrobust_cases =\n  other\n  ml/my bench/cases\n",
        ),
    ],
)
def test_a_project_inside_a_repository_is_added_to_the_settings_at_the_top(
    tierbench: Call, workplace: Path, pytester: pytest.Pytester, file: str, before: str, after: str
) -> None:
    top = pytester.path
    (top / file).write_text(before, encoding="utf-8")
    answer = tierbench("init", str(top / "ml" / "my bench"))
    assert answer.code == 0, answer.out
    assert (top / file).read_text(encoding="utf-8") == after
    written = sorted(path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file())
    inside = ["mine/metadata.csv", "mine/suite.toml", "test_tiers.py"]
    assert written == sorted([".gitignore", file, *(f"ml/my bench/cases/{name}" for name in inside)])
    config = pytester.parseconfig(*PLUGIN)
    assert config.getini("robust_cases") == [*(["other"] if "other" in before else []), "ml/my bench/cases"]
    assert config.getini("testpaths")[-1:] == (["ml/my bench/cases"] if "testpaths" in before else [])
    assert tierbench("init", str(top / "ml" / "my bench")).code == 0
    assert (top / file).read_text(encoding="utf-8") == after


def test_suites_at_the_top_are_still_found_next_to_those_of_a_project(tierbench: Call, workplace: Path) -> None:
    Path("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    assert tierbench("init", "ml/bench").code == 0
    assert Path("pytest.ini").read_text(encoding="utf-8") == "[pytest]\nrobust_cases = cases\n    ml/bench/cases\n"
    listed = tierbench("list").out
    assert "colours: " in listed
    assert "mine" in listed
    answer = tierbench("init", "ml/other")
    assert answer.code == 4
    assert answer.err == "error: --suite mine: ml/bench/cases has a suite of this name; choose another name\n"
    assert not Path("ml/other").exists()
    assert tierbench("init", "ml/other", "--suite", "others").code == 0


def test_a_conftest_below_the_top_must_name_no_plugins(tierbench: Call, workplace: Path) -> None:
    Path("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    Path("bench").mkdir()
    Path("bench/conftest.py").write_text('pytest_plugins = ["benchmark.plugin"]\n', encoding="utf-8")
    answer = tierbench("init", "bench")
    assert answer.code == 1
    assert (
        f"to do     bench/conftest.py: remove pytest_plugins; pytest allows it only in the conftest.py in {workplace}"
        in answer.out
    )


def test_a_project_with_its_own_settings_keeps_them(tierbench: Call, workplace: Path) -> None:
    Path("pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    Path("bench").mkdir()
    Path("bench/pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    assert tierbench("init", "bench").code == 0
    assert Path("pytest.ini").read_text(encoding="utf-8") == "[pytest]\n"
    assert Path("bench/pytest.ini").read_text(encoding="utf-8") == "[pytest]\n"


def test_settings_that_cannot_be_read_are_reported_before_anything_is_written(tierbench: Call, workplace: Path) -> None:
    Path("pytest.toml").write_text("[pytest\n", encoding="utf-8")
    before = sorted(workplace.rglob("*"))
    answer = tierbench("init")
    assert answer.code == 4
    assert answer.err.startswith("error: pytest.toml: cannot be read: Expected ']'")
    assert answer.err.endswith("fix it first\n")
    assert sorted(workplace.rglob("*")) == before


def test_what_cannot_be_changed_safely_is_reported(tierbench: Call, workplace: Path) -> None:
    ini = "[pytest]\ntestpaths =\n    tests  # all\n    docs\nrobust_model = other\n"
    Path("pytest.ini").write_text(ini, encoding="utf-8")
    answer = tierbench("init", "--model", "org/name")
    assert answer.code == 1
    assert "pytest.ini: add cases to testpaths" in answer.out
    assert "pytest.ini: set robust_model to org/name among pytest's settings" in answer.out
    assert Path("pytest.ini").read_text(encoding="utf-8") == ini


def test_a_model_name_is_quoted_in_the_settings(tierbench: Call, workplace: Path) -> None:
    assert tierbench("init", "--model", 'a"b\\c').code == 0
    assert 'robust_model = ["a\\"b\\\\c"]' in Path("pyproject.toml").read_text(encoding="utf-8")
