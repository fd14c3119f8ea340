"""`--robust-backend torch|onnx`: a transformers model runs in ONNX Runtime, exported once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Bench


def exports(cache: Path) -> list[Path]:
    return sorted((cache / "models").glob("onnx-*/model.onnx"))


@pytest.mark.slow
def test_scores_are_those_of_torch_from_an_export_that_is_made_once(study: Bench, cache: Path) -> None:
    # In processes of their own: torch's exporter does not bear the second import that pytester would make.
    study.run_process("--robust-backend", "torch")
    torch = study.record()
    assert exports(cache) == []
    answer = study.run_process("--robust-backend", "onnx")
    # Nothing that torch predicted is taken for it.
    assert "0 of 3 predictions cached" in answer.text
    (file,) = exports(cache)
    made = file.stat().st_mtime_ns
    onnx = study.record()
    assert list(onnx.scores["score"]) == pytest.approx(list(torch.scores["score"]), abs=1e-4)
    assert list(onnx.scores["passed"]) == list(torch.scores["passed"])
    assert onnx.run.models[0].fingerprint == torch.run.models[0].fingerprint
    study.configure(robust_backend="onnx", robust_model=[f"model={study.model}"])
    assert "3 of 3 predictions cached" in study.run_process().text
    study.run_process("--robust-no-cache")
    assert exports(cache) == [file]
    assert file.stat().st_mtime_ns == made


def test_half_precision_is_refused_in_one_line(study: Bench) -> None:
    answer = study.run("--robust-backend", "onnx", "--robust-dtype", "float16")
    assert answer.code == 4
    assert answer.errors == [
        f"model {str(study.model)!r}: --robust-backend onnx runs in float32; leave out --robust-dtype float16, or "
        "--robust-backend"
    ]
