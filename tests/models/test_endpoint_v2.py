"""Models behind a server that speaks the Open Inference Protocol: one of ours in any layout, and the real MLServer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Bench, SuiteWriter
from tests.flat_colours import LABELS, flat
from tests.models.endpoint_clock import Clock
from tests.models.mlserver_process import make_environment, mlserver
from tests.models.v2_server import V2Server, logits_of, softmax, v2_server
from tierbench import load_classifier
from tierbench.common.errors import UserError
from tierbench.models.classifier import Classifier
from tierbench.models.endpoint_settings import EndpointSettings
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.prediction_store import PredictionStore
from tierbench.models.predictor import Predictor
from tierbench.suites import read_suites

ROWS = "file_name,label,tier\nred.png,automobile,1\ngreen.png,truck,1\nblue.png,ship,1\n"


@pytest.fixture
def server() -> Iterator[V2Server]:
    with v2_server() as serving:
        yield serving


@pytest.fixture
def processor(colour_model: Path, tmp_path: Path) -> Path:
    """A folder with an image processor alone."""
    folder = tmp_path / "processor"
    folder.mkdir()
    shutil.copy(colour_model / "preprocessor_config.json", folder)
    return folder


def opened(server: V2Server, processor: Path | None, labels: tuple[str, ...] | None = LABELS) -> Classifier:
    settings = EndpointSettings(clock=Clock())
    return load_classifier(f"endpoint:{server.url}", labels=labels, processor=processor, endpoint=settings)


def expected(processor: Path, image: Image.Image) -> np.ndarray:
    """Return what the model says, computed here."""
    prepared: Any = ImageProcessor(processor, "").preparation(cropped=False)(image)
    (probabilities,) = softmax(logits_of(prepared.numpy()[np.newaxis]))
    return np.asarray(probabilities)


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("probabilities", [False, True])
@pytest.mark.parametrize("datatype", ["FP32", "FP64", "FP16"])
def test_a_served_model_says_what_it_says_here(
    server: V2Server, processor: Path, suite: SuiteWriter, channels_last: bool, probabilities: bool, datatype: str
) -> None:
    server.channels_last, server.probabilities = channels_last, probabilities
    shape = [-1, -1, -1, 3] if channels_last else ["-1", 3, 32, 32]
    server.inputs = [{"name": "pixels", "datatype": datatype, "shape": shape}]
    (found,), _ = read_suites([suite(ROWS)])
    predictor = Predictor(opened(server, processor), PredictionStore(None))
    for key, prediction in predictor.predict(found.cases).items():
        said = expected(processor, flat(key.partition("/")[2]))
        assert prediction.probabilities == pytest.approx(said, abs=1e-3 if datatype == "FP16" else 1e-5)
    assert server.asked[0]["shape"] == ([1, 32, 32, 3] if channels_last else [1, 3, 32, 32])
    assert predictor.takes_cropped


def test_pixels_of_8_bits_are_sent_as_they_are_or_refused(server: V2Server, processor: Path) -> None:
    server.inputs = [{"name": "pixels", "datatype": "UINT8", "shape": [1, 3, 32, 32]}]
    with pytest.raises(UserError, match="takes pixels of 0 to 255 \\(UINT8\\), but the image processor scales them"):
        opened(server, processor).verify()  # type: ignore[attr-defined]  # that of an endpoint has it
    file = processor / "preprocessor_config.json"
    settings = {**json.loads(file.read_text(encoding="utf-8")), "do_rescale": False, "do_normalize": False}
    file.write_text(json.dumps(settings), encoding="utf-8")
    opened(server, processor).predict([flat("red")])
    assert server.asked[0]["data"][:2] == [230, 230]
    assert server.asked[0]["data"][-1] == 20


def test_labels_may_be_in_the_config_beside_the_image_processor(
    server: V2Server, colour_model: Path, multi_label_model: Path
) -> None:
    assert tuple(opened(server, colour_model, None).labels) == LABELS
    sigmoid = opened(server, multi_label_model, None)
    prepared: Any = ImageProcessor(colour_model, "").preparation(cropped=False)(flat("red"))
    said = 1 / (1 + np.exp(-logits_of(prepared.numpy()[np.newaxis])[0]))
    assert sigmoid.predict([flat("red")])[0] == pytest.approx(said, abs=1e-5)


def test_the_card_says_what_is_known_and_what_is_not(server: V2Server, processor: Path) -> None:
    card = opened(server, processor).describe()
    assert card["input_size"] == [32, 32]
    assert card["preprocessing"]["size"] == {"shortest_edge": 32}
    assert (card["backend"], card["protocol"], card["dtype"]) == ("remote", "v2", "FP32")
    assert card["unknown"] == ["architecture", "parameters", "file_size"]
    assert json.loads(json.dumps(card))["preprocessing"]["do_normalize"] is True


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "the endpoint declares 0 inputs; declare the one that takes the picture"),
        ("x", "the endpoint declares no inputs"),
        (
            [{"name": "a", "datatype": "BYTES", "shape": [1]}],
            "its input is of the type BYTES; serve a model that takes",
        ),
        ([{"name": "a", "datatype": "FP32", "shape": [-1, 4]}], "its input has the shape [-1, 4]; a picture has"),
        ([{"name": "a", "datatype": "FP32", "shape": [1, 3, 64, 64]}], "is 64 × 64 pixels, but the image processor"),
        ([{"datatype": "FP32", "shape": [1, 3, 32, 32]}], "a picture has [batch, 3, height, width]"),
    ],
)
def test_a_model_that_takes_no_picture_is_one_line(
    server: V2Server, processor: Path, inputs: Any, message: str
) -> None:
    server.inputs = inputs
    with pytest.raises(UserError) as error:
        opened(server, processor)
    (line,) = error.value.lines
    assert line.startswith(f"model 'endpoint:{server.url}': ")
    assert message in line


@pytest.mark.parametrize(
    ("outputs", "error"),
    [
        ([{"name": "out", "data": [1.0, 2.0]}], "answers with 2 numbers, not one for each of 4 labels"),
        ([{"name": "out", "data": ["a", "b", "c", "d"]}], "answers with no numbers"),
        ([], "answers with no numbers"),
        ("x", "answers with no numbers"),
        ([{"name": "out", "data": [1.0, 2.0, float("nan"), 3.0]}], "contain NaN or infinity"),
        ([{"name": "boxes", "data": [1.0]}, {"name": "out", "data": [[0.0, 9.0, 0.0, 0.0]]}], ""),
    ],
)
def test_wrong_outputs_are_the_error_of_their_case(
    server: V2Server, processor: Path, suite: SuiteWriter, outputs: Any, error: str
) -> None:
    (found,), _ = read_suites([suite(ROWS)])
    predictor = Predictor(opened(server, processor), PredictionStore(None))
    server.outputs = outputs
    for prediction in predictor.predict(found.cases).values():
        assert error in prediction.error if error else prediction.error == ""
    server.outputs, server.status = None, 400
    (prediction, *_) = Predictor(opened(server, processor), PredictionStore(None)).predict(found.cases).values()
    assert prediction.error == "the endpoint answers 400: wrong shape"


def test_preprocessing_and_labels_must_be_declared(server: V2Server, processor: Path) -> None:
    with pytest.raises(UserError, match="name the folder of its image processor with --robust-processor"):
        opened(server, None)
    with pytest.raises(UserError, match="does not name its labels; write them, one per line, into a file for"):
        opened(server, processor, None)
    with pytest.raises(UserError, match="answers with 4 numbers, not one for each of 2 labels; check the labels and"):
        opened(server, processor, ("a", "b")).verify()  # type: ignore[attr-defined]  # that of an endpoint has it


def test_preprocessing_belongs_to_the_fingerprint(server: V2Server, processor: Path) -> None:
    def fingerprint() -> str | None:
        return load_classifier(f"endpoint:{server.url}@v1", labels=LABELS, processor=processor).fingerprint

    assert opened(server, processor).fingerprint is None
    before = fingerprint()
    file = processor / "preprocessor_config.json"
    settings = {**json.loads(file.read_text(encoding="utf-8")), "do_normalize": False}
    file.write_text(json.dumps(settings), encoding="utf-8")
    assert before != fingerprint()


@pytest.fixture(scope="session")
def mlserver_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_environment(tmp_path_factory.mktemp("mlserver") / "environment")


@pytest.mark.slow
def test_mlserver_runs_a_whole_suite(bench: Bench, mlserver_python: Path, processor: Path, tmp_path: Path) -> None:
    bench.suite("colours", ROWS)
    bench.file("labels.txt", "\n".join(LABELS))
    served = tmp_path / "served"
    served.mkdir()
    with mlserver(mlserver_python, served) as url:
        given = (f"--robust-processor={processor}", "--robust-labels=labels.txt")
        answer = bench.run(f"--robust-model=net=endpoint:{url}", *given)
    assert answer.code in (0, 1), answer.text
    record = bench.record()
    assert len(record.scores) == 3
    for case, top in zip(record.scores["case"], record.scores["top"], strict=True):
        said = dict(zip(LABELS, expected(processor, flat(case)), strict=True))
        assert dict(top) == pytest.approx(said, abs=1e-5)
