"""`--robust-explain`: the report shows where the model looked; nothing else of a run changes."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.report.conftest import report_of
from tierbench.models.explainer import Explainer
from tierbench.runs import config

MODEL = """
import numpy as np


class Quarter:
    labels = ("automobile", "<b>truck", "airplane")
    fingerprint = "quarter-1"

    def describe(self):
        return {"architecture": "Quarter"}

    def predict(self, images):
        if len(images) == 1 and BROKEN and self.seen:
            raise ValueError("no more")
        self.seen = True
        light = np.array([np.asarray(each)[: each.height // 2, : each.width // 2].mean() / 255 for each in images])
        return np.stack([0.9 - 0.8 * light, 0.1 * light, 0.1 + 0.7 * light], axis=1)

    seen = False


BROKEN = False


def make():
    return Quarter()
"""


def explained(bench: Bench) -> list[str]:
    """The details in the report that have a map."""
    details = re.findall("<template data-explained=.*?</template>", text(bench), re.DOTALL)
    assert all("tb-explained-map" in each for each in details)
    return details


def text(bench: Bench) -> str:
    return report_of(bench).read_text(encoding="utf-8")


@pytest.fixture
def study(study: Bench) -> Bench:
    # pytester forgets what a run in process has imported, and these do not bear a second import.
    import tierbench.models.gradient_maps
    import tierbench.models.occlusion_maps
    import tierbench.report.html.explanation  # noqa: F401

    return study


def test_misses_are_explained_and_a_warm_run_only_reads(
    study: Bench, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = study.run()
    before = study.record()
    answer = study.run("--robust-explain", "failures")
    assert answer.code == plain.code == 1
    assert answer.line("--robust-explain") == "--robust-explain failures: 2 of 2 cases explained"
    details = explained(study)
    assert len(details) == 2
    assert all("integrated gradients" in each and "convergence delta" in each for each in details)
    after = study.record()
    assert after.scores.drop(columns="outcome").equals(before.scores.drop(columns="outcome"))

    def refuse(*given: object) -> None:
        raise AssertionError("a kept map was made again")

    monkeypatch.setattr(Explainer, "explain", refuse)
    assert study.run("--robust-explain", "failures").line("--robust-explain").endswith("2 of 2 cases explained")
    assert explained(study) == details
    study.record()
    assert "a kept map was made again" in study.run("--robust-explain", "failures", "--robust-no-cache").text


def test_without_the_option_nothing_is_explained(study: Bench) -> None:
    assert "--robust-explain" not in study.run().text
    assert explained(study) == []


def test_a_limit_is_said(study: Bench) -> None:
    answer = study.run("--robust-explain=all", "--robust-explain-limit=1")
    said = "--robust-explain all: 1 of 3 cases explained; --robust-explain-limit 3 explains all"
    assert answer.line("--robust-explain") == said
    assert said in text(study)
    # The lowest tier of what was missed comes first.
    assert len(explained(study)) == 1
    assert "black_night" in explained(study)[0]


def test_any_model_is_explained_by_occlusion_and_its_labels_are_escaped(study: Bench) -> None:
    study.file("quarter.py", MODEL)
    study.configure(robust_model=["python:quarter:make"], robust_explain="all")
    answer = study.run()
    assert "all: 3 of 3 cases explained" in answer.line("--robust-explain"), answer.text
    details = explained(study)
    assert len(details) == 3
    assert all("occlusion" in each and "log odds" in each for each in details)
    assert "<b>truck" not in text(study)


def test_a_model_that_fails_is_a_notice_and_no_red_test(study: Bench) -> None:
    study.file("quarter.py", MODEL.replace("BROKEN = False", "BROKEN = True"))
    study.configure(robust_model=["python:quarter:make"], robust_explain="all")
    answer = study.run()
    assert answer.line("0 of 3 cases explained")
    assert answer.line("not explained").startswith(
        "--robust-explain all: not explained: study/red_space: ValueError: no more (and 2 more)"
    )
    assert study.record().run.complete


def test_flips_need_a_baseline(study: Bench) -> None:
    answer = study.run("--robust-explain", "flips")
    assert answer.line("--robust-explain") == "--robust-explain flips: there is no case to explain"
    assert study.run("--robust-explain", "flips", "-p", "no:html").line("--robust-explain") == (
        "--robust-explain flips: nothing is explained: no report is written"
    )


@pytest.mark.slow
def test_the_controller_explains_what_workers_predicted(study: Bench) -> None:
    # Predictions are kept, so that no worker needs torch.
    study.run()
    study.record()
    answer = study.run("-n", "2", "--robust-explain", "failures")
    assert answer.line("--robust-explain").endswith("2 of 2 cases explained")
    assert len(explained(study)) == 2


def test_a_missing_extra_and_a_bad_limit_are_one_line_each(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "find_spec", lambda name: None)
    answer = study.run("--robust-explain", "all", "--robust-explain-limit", "0")
    assert answer.code == 4
    assert answer.errors == [
        "--robust-explain-limit 0 must be 1 or more",
        "--robust-explain all: captum is missing; pip install 'tierbench[explain]'",
    ]
