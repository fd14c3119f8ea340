"""What -m, -k, --lf and workers select is what is run and recorded; what a tier says stays whole."""

from __future__ import annotations

import re

import pytest

from tests.conftest import STUDY, Bench

ALL = {"study/red_space": "passed", "study/black_night": "failed", "study/grey_fog": "failed"}
RED, NIGHT, FOG = ({key: outcome} for key, outcome in ALL.items())


def counts(text: str) -> dict[str, int]:
    """What pytest's last line says: outcome → number; neither what was deselected nor warnings matter."""
    last = [line for line in text.splitlines() if re.search(r" in \d+\.\d+s", line)][-1]
    found = {word.rstrip("s"): int(number) for number, word in re.findall(r"(\d+) ([a-z]+)", last)}
    return {word: number for word, number in found.items() if word not in {"deselected", "warning"}}


def test_without_options_everything_runs_and_the_level_is_1(study: Bench) -> None:
    answer = study.run()
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 2, "failed": 4}
    record = study.record()
    assert dict(zip("study/" + record.scores["case"], record.scores["outcome"], strict=True)) == ALL
    tiers = [(tier.tier, tier.passed, tier.total) for tier in record.run.tiers]
    assert tiers == [(1, 1, 1), (2, 0, 1), (3, 0, 1)]
    assert [model.level for model in record.run.models] == [1]
    assert answer.line("model: level") == "model: level 1 of 3"
    message = "study/black_night [tier 2]: expected automobile, got airplane 0.490; automobile 0.233 at rank 2"
    assert message in answer.text


@pytest.mark.parametrize(
    ("arguments", "cases", "outcomes"),
    [
        (("-m", "tier1"), RED, {"passed": 2}),
        (("-m", "tier2"), NIGHT, {"failed": 2}),
        (("-m", "fog"), FOG, {"failed": 1}),
        (("-m", "tier3 and fog"), FOG, {"failed": 1}),
        (("-m", "tier3 and not fog"), {}, {"failed": 1}),
        (("-m", "tier1 or night"), RED | NIGHT, {"passed": 2, "failed": 1}),
        (("-k", "fog"), FOG, {"failed": 1}),
        (("-k", "test_case"), ALL, {"passed": 1, "failed": 2}),
        (("-k", "test_tier[ and tier1"), {}, {"passed": 1}),
        (("-k", "study/red_space"), RED, {"passed": 1}),
        (("cases/test_tiers.py::test_case[study/red_space]",), RED, {"passed": 1}),
        (("cases/test_tiers.py::test_tier[study/tier2]",), {}, {"failed": 1}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_the_selected_cases_run_and_are_recorded(
    study: Bench, arguments: tuple[str, ...], cases: dict[str, str], outcomes: dict[str, int]
) -> None:
    answer = study.run(*arguments)
    assert answer.code == (1 if "failed" in outcomes else 0)
    assert counts(answer.text) == outcomes
    scores = study.record().scores
    assert dict(zip(scores["suite"] + "/" + scores["case"], scores["outcome"], strict=True)) == cases


def test_last_failed_runs_the_failures_again_and_judges_whole_tiers(study: Bench) -> None:
    study.run()
    study.record()
    answer = study.run("--lf")
    assert answer.code == 1
    assert counts(answer.text)["failed"] == 4
    record = study.record()
    assert sorted(record.scores["case"]) == ["black_night", "grey_fog"]
    # Tier 1 was not run this time, so nothing is known of the level; tiers 2 and 3 are whole.
    assert record.run.models[0].level is None
    assert [tier.met for tier in record.run.tiers] == [False, False]


def test_a_tier_is_predicted_whole_whatever_k_left_of_its_cases(bench: Bench) -> None:
    rows = "red_one,1\nred_two,1\ngrey_three,1\n"
    bench.suite("cars", "file_name,label,tier\n" + re.sub(r"(\w+),1", r"\1.png,automobile,1", rows))
    answer = bench.run("-k", "red_one or test_tier[")
    assert counts(answer.text) == {"passed": 1, "failed": 1}
    assert "cars tier 1: 2 of 3 passed (0.67), at least 1.00 required; missed: grey_three" in answer.text
    record = bench.record()
    assert list(record.scores["case"]) == ["red_one"]
    assert [(tier.passed, tier.total, tier.met) for tier in record.run.tiers] == [(2, 3, False)]


def test_a_part_of_a_tier_determines_no_level(bench: Bench) -> None:
    bench.suite("cars", "file_name,label,tier\nred_one.png,automobile,1\nred_two.png,automobile,1\n")
    answer = bench.run("-k", "red_one")
    assert answer.code == 0
    assert answer.line("model: level") == "model: level not determined (tier 1 of cars not run whole)"
    assert "1/1 (of 2) ?" in answer.line("cars   1     1/1")
    record = bench.record()
    assert record.run.models[0].level is None
    assert record.run.tiers[0].met is None


@pytest.mark.parametrize(
    ("colours", "arguments", "level", "line"),
    [
        ("grey red red", (), 0, "level 0 of 3"),
        ("red grey red", (), 1, "level 1 of 3"),
        ("red red grey", (), 2, "level 2 of 3"),
        ("red red red", (), 3, "level 3 of 3"),
        ("red red red", ("-m", "tier1"), 1, "level 1 of 3 (tier 2 not run)"),
        ("red red red", ("-m", "tier2"), None, "level not determined (tier 1 not run)"),
        ("grey red red", ("-m", "tier1"), 0, "level 0 of 3"),
    ],
)
def test_the_level_in_the_summary_and_the_record(
    bench: Bench, colours: str, arguments: tuple[str, ...], level: int | None, line: str
) -> None:
    rows = [f"{colour}_{tier}.png,automobile,{tier}" for tier, colour in enumerate(colours.split(), 1)]
    bench.suite("cars", "\n".join(["file_name,label,tier", *rows, ""]))
    answer = bench.run(*arguments)
    assert answer.line("model: level") == f"model: {line}"
    model = bench.record().run.models[0]
    assert (model.level, model.level_text) == (level, line)


def test_the_level_is_that_of_the_weakest_suite(study: Bench) -> None:
    study.suite("other", "file_name,label,tier\nred.png,automobile,1\nred_b.png,automobile,2\n")
    assert "model: level 1 of 3" in study.run().text


def test_nothing_selected_is_exit_code_5_and_leaves_no_record(study: Bench) -> None:
    answer = study.run("-k", "nothing_is_called_so")
    assert answer.code == 5
    assert study.runs == []


def test_an_unknown_marker_is_told_by_strict_markers(study: Bench) -> None:
    study.file("tests/test_own.py", "import pytest\n\n@pytest.mark.tier9\ndef test_it():\n    pass\n")
    answer = study.run("tests")
    assert answer.code == 2
    assert "'tier9' not found in `markers` configuration option" in answer.text


def test_collect_only_needs_no_model_and_gives_stable_ids(study: Bench) -> None:
    answer = study.run("--collect-only", "-q", "--robust-model", "no/such/model/here")
    assert answer.code == 0
    assert [line for line in answer.text.splitlines() if "::" in line] == [
        "cases/test_tiers.py::test_case[study/red_space]",
        "cases/test_tiers.py::test_case[study/black_night]",
        "cases/test_tiers.py::test_case[study/grey_fog]",
        "cases/test_tiers.py::test_tier[study/tier1]",
        "cases/test_tiers.py::test_tier[study/tier2]",
        "cases/test_tiers.py::test_tier[study/tier3]",
    ]
    assert study.runs == []


@pytest.mark.parametrize("option", ["--help", "--markers", "--version"])
def test_looking_needs_neither_model_nor_good_suites(bench: Bench, option: str) -> None:
    bench.suite("broken", "file_name,tier\nred.png,one\n")
    bench.configure(robust_model=["no/such/model"], robust_batch_size="many")
    answer = bench.run(option)
    assert answer.code == 0
    assert answer.errors == []
    assert bench.runs == []


def test_markers_of_all_suites_are_registered_fetched_or_not(study: Bench) -> None:
    digest = "0" * 64
    rows = f"file_name,label,tier,tags,url,sha256\nfar.png,ship,4,at_sea,https://example.org/far.png,{digest}\n"
    study.suite("remote", rows)
    text = study.run("--markers").text
    for name in ("tier1", "tier2", "tier3", "tier4", "fog", "night", "at_sea"):
        assert f"@pytest.mark.{name}: " in text
    answer = study.run("-m", "tier1")
    assert answer.code == 0
    assert "suite remote is left out, its images are not fetched: run `tierbench fetch remote`" in answer.text
    assert study.run("-m", "at_sea").code == 5


@pytest.mark.parametrize("workers", [(), pytest.param(("-n", "1"), marks=pytest.mark.slow)])
def test_another_folder_is_not_bothered_by_a_broken_suite(bench: Bench, workers: tuple[str, ...]) -> None:
    bench.suite("broken", "file_name,tier\nred.png,one\n")
    bench.file("tests/unit/test_own.py", "def test_it():\n    pass\n")
    run = bench.run_process if workers else bench.run
    answer = run("tests/unit", "--robust-model", "no/such/model", *workers)
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 1}
    assert not (bench.path / "reports").exists()


def test_a_broken_suite_is_told_where_its_tests_are_elsewhere(bench: Bench) -> None:
    bench.suite("broken", STUDY.replace(",2,", ",two,"))
    (bench.path / "cases" / "test_tiers.py").rename(bench.path / "test_elsewhere.py")
    answer = bench.run("test_elsewhere.py")
    assert answer.code == 4
    assert answer.errors == ["cases/broken/metadata.csv:4: tier 'two' is not an integer ≥ 1; write 1, 2 or 3"]


def test_several_models_are_named_in_ids_and_judged_apart(study: Bench, multi_label_model: str) -> None:
    models = ("--robust-model", f"a={study.model}", "--robust-model", f"b-2.0={multi_label_model}")
    answer = study.run(*models, "-m", "tier1")
    assert counts(answer.text)["passed"] == 4
    assert list(study.record().scores["model"]) == ["a", "b-2.0"]
    answer = study.run(*models, "-k", "b-2.0 and test_case")
    assert counts(answer.text) == {"passed": 1, "failed": 2}
    assert "study/grey_fog:b-2.0 [tier 3]: expected automobile" in answer.text
    assert set(study.record().scores["model"]) == {"b-2.0"}


@pytest.mark.slow
def test_workers_record_the_same_as_one_process(study: Bench) -> None:
    answer = study.run("-n", "2", "--robust-no-cache")
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 2, "failed": 4}
    record = study.record()
    assert dict(zip("study/" + record.scores["case"], record.scores["outcome"], strict=True)) == ALL
    assert record.run.complete is True
    model = record.run.models[0]
    assert model.level == 1
    assert len(model.fingerprint) == 16
    assert model.preprocessing["crop_pct"] == 0.875
    assert answer.line("model: level") == "model: level 1 of 3"


def test_workers_tell_a_broken_suite_once(bench: Bench) -> None:
    bench.suite("broken", "file_name,label,tier\nred.png,automobile,one\n")
    answer = bench.run_process("-n", "2")
    assert answer.code == 4
    assert answer.errors == ["cases/broken/metadata.csv:2: tier 'one' is not an integer ≥ 1; write 1, 2 or 3"]
