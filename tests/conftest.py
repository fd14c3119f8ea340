"""What the tests of the engine share: a real small model, and a repository with suites to run pytest in."""

from __future__ import annotations

import csv
import gc
import importlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything imports huggingface_hub, which reads it once: no test uses the network.
os.environ["HF_HUB_OFFLINE"] = "1"
# Before anything imports numpy or torch, here and in the processes that tests start: for nets and tables of this size
# more threads are only more waiting.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.flat_colours import RGB, flat
from tests.neighbours import WITHOUT_NEIGHBOURS, asked_neighbours
from tierbench.runs.record import RunRecord, read_run
from tierbench.scoring.evaluate import evaluate

pytest_plugins = ["pytester", "tests.installed"]

# New examples are for people at their machines; CI tries the same ones every time, so that red means its change.
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")

REPOSITORY = Path(__file__).parents[1]

# What is passed in space (tier 1) is missed at night (2) and in fog (3).
STUDY = """\
file_name,label,tier,tags
red_space.png,automobile,1,
grey_fog.png,automobile,3,fog
black_night.png,automobile,2,night
"""


def pytest_collection_finish() -> None:
    """Keep all that tests import from the garbage collector, which would go through it hundreds of times."""
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def on_a_desk() -> Iterator[None]:
    """Hide from the runs inside tests that they run in CI, where pytest and rich print other lines and colours."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("CI", "BUILD_NUMBER", "GITHUB_ACTIONS", "FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
            patch.delenv(name, raising=False)
        yield


@pytest.fixture(scope="session")
def colour_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a four-label ConvNeXt that says known probabilities of flat colours."""
    # Their extensions abort the process at a second import; see below.
    for name in ("onnx", "onnxruntime", "onnxruntime.quantization", "onnxscript"):
        importlib.import_module(name)
    from tests.colour_model import save_model

    folder = save_model(tmp_path_factory.mktemp("model") / "colour-model")
    # Once through, so that all that a run imports is there: pytester forgets what a run in process has imported,
    # and neither torch nor pandas bear a second import.
    evaluate(str(folder), write_suite(tmp_path_factory.mktemp("warm") / "warm", STUDY))
    return folder


@pytest.fixture(scope="session")
def multi_label_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with sigmoid outputs."""
    from tests.colour_model import save_model

    return save_model(tmp_path_factory.mktemp("model") / "sigmoid-model", multi_label=True)


@pytest.fixture(scope="session")
def reference_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built-in model, converted once for all tests."""
    from tierbench.models.reference import reference_folder

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIERBENCH_CACHE", str(tmp_path_factory.mktemp("reference-cache")))
        return reference_folder()


@pytest.fixture
def reference_cache(cache: Path, reference_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a test use the cache that holds the built-in model, in place of its own, which would have to convert it."""
    monkeypatch.setenv("TIERBENCH_CACHE", str(reference_model.parents[1]))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("TIERBENCH_CACHE", str(folder))
    return folder


def write_suite(folder: Path, rows: str, toml: str = "") -> Path:
    """Write a suite folder.

    Args:
        folder: to be made.
        rows: the text of metadata.csv; an image whose name begins with a flat colour (`red_2.png`) is made.
        toml: the text of suite.toml; no file if empty.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "metadata.csv").write_text(rows, encoding="utf-8")
    if toml:
        (folder / "suite.toml").write_text(toml, encoding="utf-8")
    for row in csv.DictReader(rows.lstrip("\ufeff").splitlines()):
        name = Path(row.get("file_name") or "")
        colour = name.stem.partition("_")[0]
        if colour in RGB and not name.is_absolute() and ".." not in name.parts:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            flat(colour).save(folder / name)
    return folder


@dataclass
class Answer:
    """How a run of pytest ended and what it printed."""

    code: int
    text: str

    @property
    def errors(self) -> list[str]:
        """The lines of a usage error."""
        return [line.removeprefix("ERROR: ") for line in self.text.splitlines() if line.startswith("ERROR: ")]

    def line(self, part: str) -> str:
        """The one line that holds a text; fails where there is none or more than one."""
        found = [line for line in self.text.splitlines() if part in line]
        assert len(found) == 1, f"{len(found)} lines hold {part!r}:\n{self.text}"
        return found[0]


class Bench:
    """A user's repository: conftest.py, cases/test_tiers.py, suites; and pytest run in it.

    The default model is the flat-colour ConvNeXt; the cache is the test's own.
    """

    def __init__(self, pytester: pytest.Pytester, model: Path) -> None:
        self.pytester = pytester
        self.path = pytester.path
        self.model = model
        self.configure()
        shutil.copy(REPOSITORY / "conftest.py", self.path)
        (self.path / "cases").mkdir()
        shutil.copy(REPOSITORY / "cases" / "test_tiers.py", self.path / "cases")

    def configure(self, **keys: object) -> None:
        """Write the ini file: the model, and further keys."""
        values = {"testpaths": ["cases"], "strict": True, "robust_model": [f"model={self.model}"], **keys}
        lines = [f"{key} = {_toml(value)}" for key, value in values.items() if value is not None]
        (self.path / "pyproject.toml").write_text("\n".join(["[tool.pytest]", *lines, ""]), encoding="utf-8")

    def suite(self, name: str, rows: str, toml: str = "") -> Path:
        """Write a suite into cases/."""
        return write_suite(self.path / "cases" / name, rows, toml)

    def file(self, name: str, text: str) -> Path:
        """Write a file of the user's own."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str | Path) -> Answer:
        """Run pytest in process; nothing may end in a traceback."""
        asked = asked_neighbours(arguments)
        return self._answer(self.pytester.runpytest_inprocess(*asked, *map(str, arguments)))

    def run_process(self, *arguments: str | Path) -> Answer:
        """Run pytest in a process of its own."""
        asked = asked_neighbours(arguments)
        return self._answer(self.pytester.runpytest_subprocess(*asked, *map(str, arguments), timeout=120))

    @staticmethod
    def _answer(result: pytest.RunResult) -> Answer:
        text = "\n".join([*result.outlines, *result.errlines])
        assert "Traceback (most recent call last)" not in text, text
        assert "INTERNALERROR" not in text, text
        return Answer(int(result.ret), text)

    @property
    def runs(self) -> list[Path]:
        """The folders of the recorded runs, oldest first."""
        reports = self.path / "reports"
        folders = [path for path in reports.glob("*/") if path.is_dir() and path.name != "baselines"]
        return sorted(folders, key=lambda path: path.stat().st_mtime_ns)

    def record(self) -> RunRecord:
        """The record of the only run; it is taken away, so that the next run is the only one again."""
        (folder,) = self.runs
        record = read_run(folder)
        shutil.move(folder, self.path / "seen" / folder.name)
        return record

    def outcomes(self, *arguments: str | Path) -> dict[str, str]:
        """Run, and give what scores.csv says: `suite/case` → outcome."""
        self.run(*arguments)
        scores = self.record().scores
        return dict(zip(scores["suite"] + "/" + scores["case"], scores["outcome"], strict=True))


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return f'"{value}"' if isinstance(value, str) else str(value)


@pytest.fixture
def bench(pytester: pytest.Pytester, colour_model: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """A repository without suites yet."""
    # A test of the neighbours takes this back.
    monkeypatch.setenv("PYTEST_ADDOPTS", WITHOUT_NEIGHBOURS)
    return Bench(pytester, colour_model)


@pytest.fixture
def study(bench: Bench) -> Bench:
    """A repository with the suite `study`."""
    bench.suite("study", STUDY)
    return bench


SuiteWriter = Callable[..., Path]


@pytest.fixture
def suite(tmp_path: Path) -> SuiteWriter:
    """Write a suite folder `suite(rows, toml)` at tmp_path/colours."""

    def write(rows: str, toml: str = "", name: str = "colours") -> Path:
        return write_suite(tmp_path / name, rows, toml)

    return write
