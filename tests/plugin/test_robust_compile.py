"""`--robust-compile`: torch.compile compiles torch models; where it cannot, the run says so in one line."""

from __future__ import annotations

import shutil

import pytest

from tests.conftest import Bench

WITHOUT = "warning: model 'model' runs without torch.compile: it"


def test_without_a_compiler_the_run_is_that_without_the_option(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    study.run()
    study.record()
    monkeypatch.setenv("CXX", "no-such-compiler")
    study.configure(robust_compile=True, robust_model=[f"model={study.model}"])
    answer = study.run()
    assert "3 of 3 predictions cached" in answer.text
    assert answer.text.count(WITHOUT) == 1
    assert f"{WITHOUT} takes the C++ compiler 'no-such-compiler', which is not here; install it" in answer.text
    assert study.record().run.models[0].backend == ""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="torch.compile is NOT tested: there is no g++ here")
def test_what_is_compiled_is_kept_apart_and_recorded(study: Bench) -> None:
    study.run()
    plain = study.record()
    # In a process of its own: torch's compiler does not bear the second import that pytester would make.
    answer = study.run_process("--robust-compile")
    assert "0 of 3 predictions cached" in answer.text
    assert "without torch.compile" not in answer.text
    compiled = study.record()
    assert list(compiled.scores["score"]) == pytest.approx(list(plain.scores["score"]), abs=1e-5)
    assert [each.run.models[0].backend for each in (plain, compiled)] == ["", "torch.compile"]
    assert "3 of 3 predictions cached" in study.run("--robust-compile").text


@pytest.mark.slow
def test_a_compiler_that_fails_in_a_worker_is_one_line(
    study: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # It is there, and compiles nothing; nothing that was compiled before is found.
    monkeypatch.setenv("CXX", "false")
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("inductor")))
    answer = study.run_process("--robust-compile", "-n", "1")
    assert answer.text.count(WITHOUT) == 1
    assert f"{WITHOUT} failed: InvalidCxxCompiler" in answer.text
    assert study.record().run.models[0].backend == ""
    # They are predictions of the model as it is.
    assert "3 of 3 predictions cached" in study.run().text


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (
            ("--robust-backend", "onnx"),
            "--robust-compile compiles what torch runs; leave it out, or --robust-backend onnx",
        ),
        (
            ("--robust-batch-size", "1"),
            "--robust-compile compiles batches; leave it out, or --robust-batch-size 1",
        ),
    ],
)
def test_what_cannot_be_compiled_is_refused_in_one_line(study: Bench, options: tuple[str, ...], line: str) -> None:
    answer = study.run("--robust-compile", *options)
    assert (answer.code, answer.errors) == (4, [line])
