"""--robust-batch-size N"""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.plugin.test_problems import factory


@pytest.mark.parametrize(("size", "calls"), [("1", "1111"), ("2", "121"), ("16", "13"), ("0", "13")])
def test_no_batch_is_larger(study: Bench, size: str, calls: str) -> None:
    model = factory(study, every="open('calls', 'a').write(str(len(images)))")
    assert study.run(*model, "--robust-batch-size", size).code == 0
    # Before the run, the model is asked for one grey picture.
    assert (study.path / "calls").read_text(encoding="utf-8") == calls


@pytest.mark.parametrize(
    ("value", "line"),
    [
        (-1, "--robust-batch-size -1 must be 1 or more, or 0 to choose it by device and memory"),
        ("many", "ini key robust_batch_size: 'many' is not a number; write one"),
    ],
)
def test_what_is_no_size_is_one_line(study: Bench, value: object, line: str) -> None:
    study.configure(robust_batch_size=str(value))
    answer = study.run()
    assert (answer.code, answer.errors) == (4, [line])


def test_argparse_says_what_is_no_number(study: Bench) -> None:
    answer = study.run("--robust-batch-size", "many")
    assert answer.code == 4
    assert "argument --robust-batch-size: 'many' is not a number; write one" in answer.text
