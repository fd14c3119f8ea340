"""What users build on it: fixtures in their own tests, their own classifier, their own names."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.plugin.test_problems import FACTORY
from tests.plugin.test_selection import counts

OWN = """
def test_scores(scores):
    assert scores.set_index("case")["passed"].to_dict() == {
        "red_space": True, "grey_fog": False, "black_night": False,
    }
    assert abs(scores["score"].max() - 0.9) < 1e-4
    assert set(scores["model"]) == {"model"}

def test_predictions(predictions, classifier):
    fog = predictions["study/grey_fog"]
    assert fog.error == "" and len(fog.image_sha256) == 64
    assert classifier.labels[fog.probabilities.argmax()] == "ship"
"""


def test_scores_predictions_and_classifier(study: Bench) -> None:
    study.file("tests/test_own.py", OWN)
    answer = study.run("tests")
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 2}
    # Nothing of the benchmark was selected, so nothing is recorded.
    assert study.runs == []


def test_beside_the_benchmark_they_show_the_selected_cases(study: Bench) -> None:
    study.file("tests/test_own.py", "def test_scores(scores):\n    assert scores['case'].tolist() == ['red_space']\n")
    answer = study.run("cases", "tests", "-k", "red_space or test_scores")
    assert counts(answer.text) == {"passed": 2}
    assert study.record().scores["case"].tolist() == ["red_space"]


def test_a_users_fixtures_of_our_names_break_nothing(study: Bench) -> None:
    own = "import pytest\n" + "".join(
        f"\n@pytest.fixture\ndef {name}():\n    return 'mine'\n"
        for name in ("scores", "predictions", "report", "tiers")
    )
    study.file("cases/conftest.py", own)
    study.file("cases/test_own.py", "def test_own(scores, predictions):\n    assert scores == predictions == 'mine'\n")
    answer = study.run()
    assert counts(answer.text) == {"passed": 3, "failed": 4}
    assert study.record().run.models[0].level == 1


def test_an_overridden_classifier_is_what_is_tested(study: Bench) -> None:
    study.file("ownmodel.py", FACTORY.format(black="pass", every="pass", describe="return {'device': 'mine'}"))
    own = "import pytest, ownmodel\n\n@pytest.fixture(scope='session')\ndef classifier():\n    return ownmodel.make()\n"
    study.file("cases/conftest.py", own)
    study.configure(robust_model=["no/such/model"], pythonpath=["."])
    answer = study.run()
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 6}
    record = study.record()
    assert record.run.models[0].fingerprint == "1"
    assert record.run.models[0].device == "mine"
    assert record.run.models[0].level == 3


def test_an_overridden_classifier_that_is_none_errs_with_one_line(study: Bench) -> None:
    own = "import pytest\n\n@pytest.fixture(scope='session')\ndef classifier():\n    return 'a model'\n"
    study.file("cases/conftest.py", own)
    answer = study.run("-k", "test_case")
    assert answer.code == 1
    assert counts(answer.text) == {"error": 3}
    line = "the fixture 'classifier': str is not a classifier, it lacks labels, fingerprint, describe, predict"
    assert line in answer.text


def with_own_classifier(study: Bench) -> None:
    study.file("ownmodel.py", FACTORY.format(black="pass", every="pass", describe="return {'device': 'mine'}"))
    own = "import pytest, ownmodel\n\n@pytest.fixture(scope='session')\ndef classifier():\n    return ownmodel.make()\n"
    study.file("cases/conftest.py", own)
    study.configure(robust_model=None, pythonpath=["."])


@pytest.mark.slow
def test_an_overridden_classifier_has_a_baseline_of_its_own_with_workers_too(study: Bench) -> None:
    with_own_classifier(study)
    answer = study.run("--robust-update-baseline")
    assert answer.code == 0
    assert answer.line("model model = ") == "model model = the fixture classifier, becomes the baseline"
    assert study.record().run.models[0].spec == "the fixture classifier"
    baseline = study.path / "reports" / "baselines" / "model.csv"
    assert "# model: the fixture classifier\n" in baseline.read_text(encoding="utf-8")
    # The model that the settings name is not what is tested, whatever is wrong with it.
    study.configure(robust_model=["no/such/model"], pythonpath=["."])
    for workers in ((), ("-n", "2")):
        answer = study.run(*workers)
        assert answer.code == 0, answer.text
        assert "0 regressed, 0 fixed, 3 same, 0 new" in answer.text
        assert "made with different" not in answer.text
        assert study.record().run.complete is True


def test_a_baseline_that_is_at_fault_is_told_beside_an_overridden_classifier(study: Bench) -> None:
    with_own_classifier(study)
    answer = study.run("--robust-require-baseline")
    assert answer.code == 4
    assert answer.errors[0].startswith("baseline 'model' of model 'model' does not exist")
    assert study.run("--robust-baseline", "typo").code == 4
    study.file("reports/baselines/model.csv", "garbage")
    assert study.run().code == 4


@pytest.mark.parametrize(
    ("where", "arguments"),
    [
        ("cases/conftest.py", (".",)),
        pytest.param("cases/conftest.py", ("-n", "2", "."), marks=pytest.mark.slow),
        ("cases/test_tiers.py", ()),
        ("cases/test_tiers.py", (".",)),
    ],
)
def test_an_overridden_classifier_counts_wherever_it_stands(
    study: Bench, where: str, arguments: tuple[str, ...]
) -> None:
    with_own_classifier(study)
    (study.path / "cases" / "conftest.py").unlink()
    # The model that the settings name misses two of three; the user's own none.
    study.configure(pythonpath=["."])
    own = "import pytest, ownmodel\n\n@pytest.fixture(scope='session')\ndef classifier():\n    return ownmodel.make()\n"
    file = study.path / where
    file.write_text(own + (file.read_text(encoding="utf-8") if file.exists() else ""), encoding="utf-8")
    answer = study.run(*arguments)
    assert answer.code == 0, answer.text
    assert study.record().run.models[0].fingerprint == "1"


def test_a_classifier_that_is_made_for_each_test_predicts_once(study: Bench) -> None:
    with_own_classifier(study)
    model = study.path / "ownmodel.py"
    counted = model.read_text(encoding="utf-8").replace(
        "def predict(self, images):", "def predict(self, images):\n        open('calls.txt', 'a').write('x')"
    )
    model.write_text(counted, encoding="utf-8")
    conftest = study.path / "cases" / "conftest.py"
    conftest.write_text(conftest.read_text(encoding="utf-8").replace("scope='session'", ""), encoding="utf-8")
    assert study.run("--robust-no-cache").code == 0
    assert (study.path / "calls.txt").read_text(encoding="utf-8") == "x"
