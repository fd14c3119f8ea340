"""--robust-no-cache, and what the cache spares: a warm run imports no torch."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Bench

MODULES = """

def pytest_unconfigure(config):
    import sys
    heavy = ("torch", "transformers", "pandas", "skimage", "scipy")
    print("imported:", *[name for name in heavy if name in sys.modules])
"""


@pytest.fixture
def telling(study: Bench) -> Bench:
    """A repository whose conftest tells what was imported."""
    conftest = study.path / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8") + MODULES, encoding="utf-8")
    return study


def test_a_warm_run_imports_neither_torch_nor_transformers_nor_pandas(telling: Bench) -> None:
    cold = telling.run()
    assert "0 of 3 predictions cached" in cold.text
    before = telling.record()
    answer = telling.run_process()
    assert "3 of 3 predictions cached" in answer.text
    assert answer.line("imported:") == "imported:"
    after = telling.record()
    assert after.scores.equals(before.scores)
    assert [replace(model, prediction_s=None) for model in after.run.models] == [
        replace(model, prediction_s=None) for model in before.run.models
    ]


def test_a_warm_run_with_a_baseline_and_misses_imports_none_of_them(telling: Bench) -> None:
    assert telling.run("--robust-update-baseline").code == 0
    telling.record()
    answer = telling.run_process("--robust-gate=thresholds")
    assert "against reports/baselines/" in answer.text
    assert answer.line("imported:") == "imported:"
    assert (telling.runs[0] / "report.html").is_file()


def test_collection_imports_neither(telling: Bench) -> None:
    assert telling.run_process("--collect-only").line("imported:") == "imported:"


def test_without_the_cache_nothing_is_kept_and_all_predicted_again(study: Bench, cache: Path) -> None:
    study.run()
    study.record()
    for _ in range(2):
        answer = study.run("--robust-no-cache")
        assert "0 of 3 predictions cached" in answer.text
        assert study.record().run.cache == ""
    study.configure(robust_no_cache=True)
    assert "0 of 3 predictions cached" in study.run().text


def test_a_changed_image_is_predicted_again(study: Bench) -> None:
    study.run()
    study.record()
    picture = study.path / "cases" / "study" / "grey_fog.png"
    picture.write_bytes((study.path / "cases" / "study" / "red_space.png").read_bytes())
    answer = study.run("-m", "tier3")
    assert answer.code == 0
    assert study.record().scores["predicted"].tolist() == ["automobile"]


def test_a_cache_that_cannot_be_written_is_a_warning(study: Bench, cache: Path) -> None:
    cache.write_text("a file where the folder should be", encoding="utf-8")
    answer = study.run("-m", "tier1")
    assert answer.code == 0
    assert "warning: predictions are not kept: " in answer.text
