"""Static problems end the run before it begins, all at once, exit 4; a later problem errs its case alone, exit 1."""

from __future__ import annotations

import pytest

from tests.conftest import Bench
from tests.plugin.test_selection import counts

FACTORY = """
import numpy as np
RED, GREY, BLACK = (230, 20, 20), (128, 128, 128), (0, 0, 0)

class Model:
    labels = ["automobile", "ship"]
    fingerprint = "1"
    loads = 0

    def describe(self):
        {describe}

    def predict(self, images):
        outputs = np.tile([0.9, 0.1], (len(images), 1))
        for output, image in zip(outputs, images):
            if image.getpixel((0, 0)) == BLACK:
                {black}
        {every}
        return outputs

def make():
    return Model()
"""


def factory(bench: Bench, black: str = "pass", every: str = "pass", describe: str = "return {}") -> tuple[str, str]:
    bench.file("ownmodel.py", FACTORY.format(black=black, every=every, describe=describe))
    return "--robust-model", "python:ownmodel:make"


def test_all_faults_of_all_suites_and_options_are_told_at_once(bench: Bench) -> None:
    bench.suite("one", "file_name,label,tier\nred.png,car,first\nabsent.png,car,1\n")
    bench.suite("two", "file_name,label,tier\nred.png,,1\n", "[tiers.0]\n")
    answer = bench.run("--robust-batch-size", "-1")
    assert answer.code == 4
    assert answer.errors == [
        "--robust-batch-size -1 must be 1 or more, or 0 to choose it by device and memory",
        "cases/one/metadata.csv:2: tier 'first' is not an integer ≥ 1; write 1, 2 or 3",
        "cases/one/metadata.csv:3: image 'absent.png' is missing; put it there or fix file_name",
        "cases/two/suite.toml: [tiers.0]: a tier is an integer ≥ 1; write [tiers.1]",
        "cases/two/metadata.csv:2: label is empty; write the concept that the image shows",
    ]
    assert "test session starts" not in answer.text
    assert bench.runs == []


def test_all_faults_of_all_models_are_told_at_once(study: Bench) -> None:
    study.suite("pets", "file_name,label,tier\nred.png,cat,1\n")
    answer = study.run("--robust-model", f"mine={study.model}", "--robust-model", "other=nowhere")
    assert answer.code == 4
    assert len(answer.errors) == 2
    assert answer.errors[0].startswith("suite 'pets': no label of model 'mine' counts as 'cat' (")
    assert answer.errors[1].startswith("model 'nowhere': there is no such folder; write a folder, a Hub id")


def test_collect_only_tells_faults_of_suites_too(bench: Bench) -> None:
    bench.suite("one", "file_name,label,tier\nred.png,car,first\n")
    answer = bench.run("--collect-only", "-q")
    assert (answer.code, len(answer.errors)) == (4, 1)


def test_a_broken_picture_errs_its_case_alone(study: Bench) -> None:
    picture = study.path / "cases" / "study" / "black_night.png"
    picture.write_bytes(picture.read_bytes()[:60])
    (study.path / "cases" / "study" / "grey_fog.png").write_text("no image", encoding="utf-8")
    answer = study.run()
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 2, "failed": 2, "error": 2}
    assert answer.text.count("study/black_night [tier 2]: the image cannot be decoded: ") >= 1
    assert "study/grey_fog [tier 3]: the file is not an image that Pillow can read" in answer.text
    assert "0/1, 1 err ?" in answer.line("study  2     0/1")
    record = study.record()
    assert record.scores["outcome"].tolist() == ["passed", "error", "error"]
    assert record.run.models[0].level_text == "level 1 of 3 (tier 2 of study left open by errors)"
    assert record.run.complete is True


def test_a_picture_over_the_pixel_limit_errs_its_case_alone(study: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image

    Image.new("RGB", (60, 60)).save(study.path / "cases" / "study" / "black_night.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 3000)
    answer = study.run("-k", "test_case")
    assert counts(answer.text) == {"passed": 1, "failed": 1, "error": 1}
    assert "study/black_night [tier 2]: the image has too many pixels (60 × 60, the limit is 3000)" in answer.text


@pytest.mark.parametrize(
    ("black", "message"),
    [
        ("output[0] = np.nan", "the model's output contains NaN or infinity"),
        ("raise MemoryError()", "not enough memory for a single image: MemoryError"),
        ("raise ValueError('odd')", "the model failed on the image: ValueError: odd"),
    ],
)
def test_what_the_model_cannot_do_errs_its_case_alone(study: Bench, black: str, message: str) -> None:
    answer = study.run(*factory(study, black), "-k", "test_case")
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 2, "error": 1}
    assert f"study/black_night [tier 2]: {message}" in answer.text
    assert study.record().scores["outcome"].tolist() == ["passed", "error", "passed"]


def test_out_of_memory_halves_the_batch_and_nothing_errs(study: Bench) -> None:
    answer = study.run(*factory(study, every="if len(images) > 1: raise MemoryError()"))
    assert counts(answer.text) == {"passed": 6}


@pytest.mark.parametrize(
    ("every", "line"),
    [
        ("return outputs[:, :1]", "an array of shape (1, 1), not (1, 2) (images × labels); fix the classifier"),
        ("return outputs.argmax(axis=1)", "an array of shape (1,), not (1, 2) (images × labels); fix the classifier"),
        ("return (row for row in outputs)", "a generator, not an array of numbers; return an array of probabilities"),
        ("return outputs.astype(str)", "a ndarray of <U32, not an array of numbers; return an array of probabilities"),
        ("return [[0.5, 0.5], [1.0]][: len(images) + 1]", "a list that is no array (ValueError: "),
        ("return None", "a NoneType, not an array of numbers; return an array of probabilities"),
        (
            "return outputs * [[1, 0.5]] + 0.001",
            "probabilities that sum to 0.952 for an image, not to 1; apply softmax",
        ),
        ("return outputs * 0", "probabilities that sum to 0 for an image, not to 1; apply softmax, or set multi_label"),
    ],
)
def test_a_model_that_does_not_return_probabilities_is_one_line(study: Bench, every: str, line: str) -> None:
    answer = study.run(*factory(study, every=every))
    assert answer.code == 4
    (error,) = answer.errors
    assert error.startswith(f"the model's predict() returned {line}")


def test_a_model_that_returns_logits_is_one_line(study: Bench) -> None:
    answer = study.run(*factory(study, every="return np.log(outputs)"))
    assert answer.code == 4
    (error,) = answer.errors
    assert error.startswith("the model's outputs are not probabilities (-2.3 to -0.105); return an array")


def test_a_model_that_begins_to_return_something_else_is_asked_once(study: Bench) -> None:
    """One test reports it, and the others are skipped; the model is not asked again for each of them."""
    every = "open('calls', 'a').write('x'); return outputs if len(images) == 1 else outputs[:, :1]"
    answer = study.run(*factory(study, every=every))
    assert answer.code == 1
    assert counts(answer.text) == {"error": 1, "skipped": 5}
    assert "the model's predict() returned an array of shape (3, 1), not (3, 2)" in answer.text
    # A grey picture before the run, and the batch.
    assert (study.path / "calls").read_text(encoding="utf-8") == "xx"


@pytest.mark.parametrize(
    "tensor", ["torch.tensor(outputs).bfloat16()", "torch.tensor(outputs).requires_grad_()", "[*torch.tensor(outputs)]"]
)
def test_a_model_may_return_tensors(study: Bench, tensor: str) -> None:
    answer = study.run(*factory(study, every=f"import torch; return {tensor}"))
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 6}


@pytest.mark.parametrize("part", ["labels", "fingerprint", "device", "dtype", "multi_label"])
def test_a_part_of_a_model_that_raises_is_one_line(study: Bench, part: str) -> None:
    model = FACTORY.format(black="pass", every="pass", describe="return {}")
    raising = f"    {part} = property(lambda self: 1 / 0)\n\n    def describe"
    study.file("ownmodel.py", model.replace("    def describe", raising))
    answer = study.run("--robust-model", "python:ownmodel:make")
    assert answer.code == 4
    (line,) = answer.errors
    assert f"reading its {part} failed: ZeroDivisionError: division by zero; fix the classifier" in line


def test_a_folder_that_is_no_image_classifier_is_one_line(study: Bench) -> None:
    import json
    import shutil

    shutil.copytree(study.model, study.path / "words")
    config = study.path / "words" / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text("utf-8")), "model_type": "bert"}), encoding="utf-8")
    answer = study.run("--robust-model", "words")
    assert answer.code == 4
    assert answer.errors == [
        "model 'words': transformers has no image classifier of the type 'bert'; name a model for image classification"
    ]


def test_broken_weights_are_one_line(study: Bench) -> None:
    import shutil

    shutil.copytree(study.model, study.path / "broken")
    (study.path / "broken" / "model.safetensors").write_text("garbage", encoding="utf-8")
    answer = study.run("--robust-model", "broken")
    assert answer.code == 1
    assert counts(answer.text) == {"error": 1, "skipped": 5}
    assert "model 'broken': transformers cannot load it as an image classifier (" in answer.text


@pytest.mark.parametrize(
    ("describe", "why"),
    [
        ("raise ValueError('no card')", "failed: ValueError: no card"),
        ("return {'device': object()}", "failed: TypeError: Object of type object is not JSON serializable"),
        ("return 3", "returned no dict"),
    ],
)
def test_a_model_without_a_usable_card_is_judged_all_the_same(study: Bench, describe: str, why: str) -> None:
    answer = study.run(*factory(study, describe=describe))
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 6}
    assert answer.line("warning: ") == f"warning: model 'make' has no card: its describe() {why}"
    assert study.record().run.models[0].preprocessing == {}


def test_an_image_that_changes_after_collection_errs_its_case_alone(study: Bench) -> None:
    study.file(
        "conftest.py",
        (study.path / "conftest.py").read_text(encoding="utf-8")
        + "\nfrom pathlib import Path\n\ndef pytest_collection_modifyitems():\n"
        + "    Path('cases/study/black_night.png').unlink()\n",
    )
    answer = study.run("-k", "test_case")
    assert counts(answer.text) == {"passed": 1, "failed": 1, "error": 1}
    assert "study/black_night [tier 2]: the image file cannot be read" in answer.text


def test_a_known_issue_is_xfailed_and_counts_as_a_miss(bench: Bench) -> None:
    rows = "file_name,label,tier,known_issue\nred.png,automobile,1,\ngrey.png,automobile,1,ticket 7\n"
    bench.suite("cars", rows)
    answer = bench.run("-rx")
    assert answer.code == 0
    assert counts(answer.text) == {"passed": 1, "xfailed": 2}
    assert "ticket 7: cars/grey [tier 1]: expected automobile, got ship 0.524" in answer.text
    record = bench.record()
    assert record.scores["outcome"].tolist() == ["passed", "xfailed"]
    assert record.run.models[0].level == 0
    tier = record.run.tiers[0]
    assert (tier.passed, tier.total, tier.met) == (1, 2, False)
    answer = bench.run("--runxfail")
    assert answer.code == 1
    assert counts(answer.text) == {"passed": 1, "failed": 2}
    assert bench.record().scores["outcome"].tolist() == ["passed", "failed"]


def test_a_mended_known_issue_just_passes(bench: Bench) -> None:
    bench.suite("cars", "file_name,label,tier,known_issue\nred.png,automobile,1,ticket 7\n")
    answer = bench.run()
    assert (answer.code, counts(answer.text)) == (0, {"passed": 2})


def test_a_tier_may_miss_as_many_as_its_rate_allows(bench: Bench) -> None:
    rows = "file_name,label,tier\nred.png,automobile,1\ngrey.png,automobile,1\n"
    bench.suite("cars", rows, "[tiers.1]\nmin_pass_rate = 0.5\n")
    answer = bench.run()
    assert counts(answer.text) == {"passed": 2, "failed": 1}
    assert bench.record().run.models[0].level == 1


def test_markup_and_control_characters_reach_no_terminal(bench: Bench) -> None:
    bench.suite("cars", 'file_name,label,tier\nred.png,"shi\x1b[31mp",1\n')
    answer = bench.run("--robust-missing-labels", "skip")
    assert "\x1b[31mp" not in answer.text
