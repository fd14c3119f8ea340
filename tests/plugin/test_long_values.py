"""However long a value is, the message about it is a line that a person can read, with the fix at its end."""

from __future__ import annotations

import pytest

from tests.conftest import Bench

LONG = "x" * 5_000
ALSO = "9" * 5_000


def longest(text: str) -> int:
    return max(map(len, text.splitlines()))


@pytest.mark.parametrize(
    ("option", "value", "fix"),
    [
        ("model", LONG, "write a folder, a Hub id"),
        ("model", f"{LONG}=reference", "write NAME=SPEC"),
        ("model", f"python:{LONG}", "write python:module:factory"),
        ("model", f"python:{LONG}:x", "cannot import"),
        ("model", f"org/{LONG}", "model 'org/x"),
        ("model", f"{LONG}:x", "write "),
        ("cases", LONG, "name a suite folder"),
        ("labels", LONG, "write one label per line"),
        ("labels", f"{LONG}=labels.txt", "--robust-labels"),
        ("device", LONG, "write one of auto, cpu, cuda, mps"),
        ("gate", LONG, "write one of auto, thresholds, flips, regression"),
        ("batch-size", LONG, "is not a number"),
        ("batch-size", f"-{ALSO[:4000]}", "must be 1 or more"),
        ("batch-size", ALSO, "is not a number"),
        ("max-pixels", ALSO[:4000], "or 0 for the limit of Pillow"),
        ("max-drop", LONG, "is not a number"),
        ("reports", LONG, "name a folder that can"),
        ("baseline", LONG, "or name a baseline, a file or a run"),
        ("baseline", f"{LONG}.csv", "or name a baseline, a file or a run"),
        ("baseline", f"{LONG}/{LONG}", "or name a baseline, a file or a run"),
        ("corruptions", LONG, "is not a corruption"),
        ("severities", LONG, "write 1-5 or 1,3,5"),
        ("markdown", LONG, "name a file that can"),
    ],
)
def test_an_option(study: Bench, option: str, value: str, fix: str) -> None:
    answer = study.run(f"--robust-{option}={value}")
    assert answer.code == 4
    assert fix in answer.text
    assert longest(answer.text) <= 1_007


def test_an_update_of_a_baseline(study: Bench) -> None:
    answer = study.run("--robust-update-baseline", f"--robust-baseline={LONG}")
    assert (answer.code, longest(answer.text) <= 1_007) == (4, True)
    assert answer.errors == [answer.errors[0]]
    assert answer.errors[0].endswith("cannot be written: File name too long; choose another name")


@pytest.mark.parametrize("key", ["gate", "batch_size", "max_drop", "missing_cases"])
def test_an_ini_key(study: Bench, key: str) -> None:
    study.configure(**{f"robust_{key}": LONG})
    answer = study.run()
    assert (answer.code, len(answer.errors), longest(answer.text) <= 1_007) == (4, 1, True)
    assert answer.errors[0].startswith(f"ini key robust_{key}: 'xxx")
    assert "; write one" in answer.errors[0]


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("markdown", [LONG], 'robust_markdown = "…"'),
        ("gate", True, 'robust_gate = "…"'),
        ("batch_size", [1], 'robust_batch_size = "…"'),
        ("model", LONG, 'robust_model = ["…"]'),
        ("cases", LONG, 'robust_cases = ["…"]'),
        ("labels", [1], 'robust_labels = ["…"]'),
        ("no_cache", LONG, "robust_no_cache = true"),
    ],
)
def test_an_ini_key_of_the_wrong_type(study: Bench, key: str, value: object, fix: str) -> None:
    study.configure(**{f"robust_{key}": value})
    answer = study.run()
    assert (answer.code, answer.errors) == (4, [f"ini key robust_{key}: the value has the wrong type; write {fix}"])


def test_a_key_of_the_wrong_type_does_not_stop_other_tests(study: Bench) -> None:
    study.configure(robust_model=3, robust_markdown=[LONG])
    study.file("tests/test_mine.py", "def test_mine():\n    pass\n")
    answer = study.run("tests")
    assert (answer.code, "1 passed" in answer.text) == (0, True)


@pytest.mark.parametrize(
    ("rows", "toml", "fix"),
    [
        (f"file_name,label,tier\nred.png,{LONG},1\n", "", "suite 'long'"),
        (f"file_name,label,tier\nred.png,automobile,{LONG}\n", "", "write 1, 2 or 3"),
        (f"file_name,label,tier\n{LONG}.jpg,automobile,1\n", "", "write a shorter one"),
        (f"file_name,label,tier,{LONG}\nred.png,automobile,1,\n", "", "column"),
        (f"file_name,label,tier,tags\nred.png,automobile,1,{LONG}!\n", "", "tag"),
        ("file_name,label,tier\nred.png,automobile,1\n", f"{LONG} = 1\n", "long/suite.toml"),
        ("file_name,label,tier\nred.png,automobile,1\n", f'[tiers.1]\nmin_pass_rate = "{LONG}"\n', "long/suite.toml"),
        (f"file_name,label,tier,id\n{LONG}.jpg,automobile,1,a\n", "", "fix file_name"),
    ],
)
def test_a_suite(bench: Bench, rows: str, toml: str, fix: str) -> None:
    bench.suite("long", rows, toml)
    answer = bench.run()
    assert answer.code == 4
    assert answer.errors
    assert fix in answer.text
    assert longest(answer.text) <= 1_007


def test_the_cache_folder(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBENCH_CACHE", LONG)
    answer = study.run("--robust-model=reference")
    assert answer.code == 4
    assert longest(answer.text) <= 1_007
    assert "set TIERBENCH_CACHE to a folder that can be written" in answer.text


def test_a_cache_folder_that_cannot_be_keeps_no_predictions(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERBENCH_CACHE", LONG)
    answer = study.run("-m", "tier1")
    assert (answer.code, longest(answer.text) <= 1_007) == (0, True)
    assert "warning: " in answer.text
