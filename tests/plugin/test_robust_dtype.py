"""--robust-dtype float32|float16|bfloat16"""

from __future__ import annotations

from tests.conftest import Bench


def test_another_dtype_is_predicted_anew_and_recorded(study: Bench) -> None:
    assert study.run("-m", "tier1").code == 0
    study.record()
    answer = study.run("-m", "tier1", "--robust-dtype", "bfloat16")
    assert "cpu bfloat16, 0 of 3 predictions cached" in answer.text
    record = study.record()
    assert record.run.dtype == "bfloat16"
    assert "cpu bfloat16, 1 of 3 predictions cached" in study.run("-m", "tier1", "--robust-dtype", "bfloat16").text


def test_an_unknown_dtype(study: Bench) -> None:
    assert study.run("--robust-dtype", "int8").code == 4
    study.configure(robust_dtype="int8")
    assert study.run().errors == ["ini key robust_dtype: 'int8' is unknown; write one of float32, float16, bfloat16"]
