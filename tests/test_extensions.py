"""A package of somebody else's adds a corruption, a metric, a model kind: one source file each, seen everywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.conftest import Bench
from tests.distribution import install, python_with

CORRUPTION = """
import numpy as np
from tierbench.corruptions.registry import Corruption

def darken(pixels, parameters, rng):
    return (pixels * parameters[0]).astype(np.uint8)

TABLE = ((0.8,), (0.6,), (0.4,), (0.2,), (0.0,))
DUSK = Corruption("dusk", darken, {"imagenet_c": TABLE, "cifar10_c": TABLE})
"""
METRIC = """
from tierbench.metrics.registry import Metric

def worst(rows):
    return min(rows.score)

LEAST = Metric("least_score", "least score", worst, better="higher", digits=2)
"""
KIND = """
import numpy as np

class Constant:
    labels = ("airplane", "automobile", "ship", "truck")
    def __init__(self, spec, *, device, dtype, root, labels):
        self.fingerprint = spec
        self.winner = self.labels.index(spec.removeprefix("constant:"))
    def describe(self):
        return {"architecture": "Constant"}
    def predict(self, images):
        return np.tile(np.eye(4, dtype=np.float32)[self.winner], (len(images), 1))
"""
ROWS = "file_name,label,tier,tags\nred.png,automobile,1,warm\ngreen.png,truck,1,\n"


@pytest.fixture
def site(bench: Bench) -> Path:
    points = {
        "tierbench.corruptions": {"dusk": "dusks:DUSK"},
        "tierbench.metrics": {"least_score": "leasts:LEAST"},
        "tierbench.models": {"constant": "constants:Constant"},
    }
    return install(
        bench.path / "site", "extensions", points, {"dusks": CORRUPTION, "leasts": METRIC, "constants": KIND}
    )


def run(site: Path, bench: Bench, *arguments: str) -> str:
    answer = python_with(site, "-m", *arguments, cwd=bench.path)
    assert "Traceback" not in answer.stdout + answer.stderr
    return answer.stdout + answer.stderr


@pytest.mark.slow
def test_a_corruption_is_swept_recorded_and_shown(site: Path, bench: Bench) -> None:
    bench.suite("s", ROWS)
    text = run(site, bench, "pytest", "--robust-corruptions=dusk", "--robust-severities=1,5")
    assert "dusk" in text
    record = bench.record()
    assert {(each.corruption, each.severity) for each in record.run.slices} == {("dusk", 1), ("dusk", 5)}
    # Black is no automobile to this model.
    assert [each.passed for each in record.run.slices if each.severity == 5] == [0]
    assert "dusk" in (bench.path / "seen" / record.folder.name / "report.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_metric_is_in_summary_record_report_history_and_gate(site: Path, bench: Bench) -> None:
    bench.suite("s", ROWS)
    # Predictions are kept, so that the next run needs no torch.
    bench.run()
    shutil.rmtree(bench.path / "reports")
    bench.suite("s", ROWS, "[gates]\nleast_score = {min = 0.95}\nece = {max = 0.5}\n")
    text = run(site, bench, "pytest")
    head = next(line for line in text.splitlines() if line.endswith("least_score"))
    row = text.splitlines()[text.splitlines().index(head) + 1]
    assert row.split()[-1] == "0.80"
    assert "s: least_score 0.80 over 2 cases, at least 0.95 required ✗" in text
    assert "FAILED cases/test_tiers.py::test_metric[s/least_score]" in text
    assert "test_metric[s/ece]" not in text
    (folder,) = bench.runs
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("least_score") > page.count("s: least_score")  # the column, beside the demand
    assert "s: least_score 0.80 over 2 cases, at least 0.95 required" in page
    assert "least_score" in (bench.path / "reports" / "index.html").read_text(encoding="utf-8")
    assert "least_score" in run(site, bench, "tierbench", "history")
    run_ = bench.record().run
    assert run_.tiers[0].metrics["least_score"] == pytest.approx(0.8, abs=1e-5)
    assert [(tag.tag, tag.total, round(tag.metrics["least_score"], 3)) for tag in run_.tags] == [("warm", 1, 0.9)]
    assert [(gate.metric, gate.met) for gate in run_.metrics] == [("least_score", False), ("ece", True)]
    # Where the package is not installed the record still reads.
    assert "least_score" in _without(site, bench)


def _without(site: Path, bench: Bench) -> str:
    folder = next((bench.path / "seen").iterdir())
    folder.rename(bench.path / "reports" / folder.name)
    answer = python_with(bench.path / "nowhere", "-m", "tierbench", "show", cwd=bench.path)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def test_a_model_kind_is_put_under_test(site: Path, bench: Bench) -> None:
    bench.suite("s", ROWS)
    text = run(site, bench, "pytest", "--robust-model=constant:truck")
    assert "s/red [tier 1]: expected automobile, got truck 1.000" in text
    (model,) = bench.record().run.models
    assert (model.name, model.spec, model.level) == ("truck", "constant:truck", 0)
