"""`--robust-backend torch|onnx`: a transformers model runs in ONNX Runtime, exported once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.flat_colours import flat
from tierbench.models import load_classifier


def exports(cache: Path) -> list[Path]:
    return sorted((cache / "models").glob("onnx-*/model.onnx"))


@pytest.fixture
def exporting(study: Bench, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A repository in a process that has exported before, into another cache.

    pytester forgets what a run in process has imported, and ONNX Runtime does not bear a second import.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIERBENCH_CACHE", str(tmp_path_factory.mktemp("export-cache")))
        load_classifier(str(study.model), device="cpu", backend="onnx").predict([flat("red")])
    return study


@pytest.mark.slow
def test_scores_are_those_of_torch_from_an_export_that_is_made_once(exporting: Bench, cache: Path) -> None:
    study = exporting
    study.run("--robust-backend", "torch")
    torch = study.record()
    assert exports(cache) == []
    answer = study.run("--robust-backend", "onnx")
    # Nothing that torch predicted is taken for it.
    assert "0 of 3 predictions cached" in answer.text
    (file,) = exports(cache)
    made = file.stat().st_mtime_ns
    onnx = study.record()
    assert list(onnx.scores["score"]) == pytest.approx(list(torch.scores["score"]), abs=1e-4)
    assert list(onnx.scores["passed"]) == list(torch.scores["passed"])
    assert onnx.run.models[0].fingerprint == torch.run.models[0].fingerprint
    study.configure(robust_backend="onnx", robust_model=[f"model={study.model}"])
    assert "3 of 3 predictions cached" in study.run().text
    study.run("--robust-no-cache")
    assert exports(cache) == [file]
    assert file.stat().st_mtime_ns == made


def test_half_precision_is_refused_in_one_line(study: Bench) -> None:
    answer = study.run("--robust-backend", "onnx", "--robust-dtype", "float16")
    assert answer.code == 4
    assert answer.errors == [
        f"model {str(study.model)!r}: --robust-backend onnx runs in float32; leave out --robust-dtype float16, or "
        "--robust-backend"
    ]
