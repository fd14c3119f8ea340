"""A model kind of another package is opened by its scheme, wherever a spec is accepted; errors are one line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.conftest import STUDY, write_suite
from tests.distribution import install, python_with
from tests.flat_colours import LABELS
from tierbench import UserError, load_classifier
from tierbench.models import MODEL_REGISTRY
from tierbench.models.registry import kind_of

# A class whose instances are classifiers is an opener too.
CONSTANT = """
import numpy as np

class Constant:
    def __init__(self, spec, *, device, dtype, root, labels):
        self.labels = tuple(labels or ("airplane", "automobile", "ship", "truck"))
        self.winner = spec.removeprefix("constant:")
        self.fingerprint = f"constant-{self.winner}"
    def describe(self):
        return {"architecture": "Constant"}
    def predict(self, images):
        row = [1.0 if label == self.winner else 0.0 for label in self.labels]
        return np.array([row] * len(images), dtype=np.float32)
"""


def test_another_package_adds_a_model_kind_by_an_entry_point(tmp_path: Path) -> None:
    points = {"tierbench.models": {"constant": "constants:Constant", "broken": "constants:Absent"}}
    site = install(tmp_path / "site", "constant-models", points, {"constants": CONSTANT})
    write_suite(tmp_path / "study", STUDY)
    code = """
import sys, tierbench
from tierbench.models.spec import parse_models
print([model.spec for model in parse_models(["mine=constant:automobile", "other=constant:a=b"], [])])
print("constants" in sys.modules)
classifier = tierbench.load_classifier("constant:automobile", labels=["automobile", "ship"])
print(type(classifier).__name__, classifier.labels)
table = tierbench.evaluate("constant:automobile", "study")
print(table["predicted"].tolist(), table["passed"].tolist())
for spec in ("constnt:x", "broken:x"):
    try:
        tierbench.load_classifier(spec)
    except tierbench.UserError as error:
        print(error)
"""
    answer = python_with(site, "-c", code, cwd=tmp_path)
    assert answer.stdout.splitlines() == [
        "['constant:automobile', 'constant:a=b']",
        "False",
        "Constant ('automobile', 'ship')",
        "['automobile', 'automobile', 'automobile'] [True, True, True]",
        "model 'constnt:x': there is no kind of model 'constnt' (did you mean 'constant'?); write "
        "broken:…, constant:…, a folder, a Hub id (org/name or org/name@revision), onnx:FILE, endpoint:URL, "
        "python:module:factory, or reference",
        "kind of model 'broken' of constant-models 1.0 (constants:Absent) cannot be loaded: AttributeError: module "
        "'constants' has no attribute 'Absent'; fix or uninstall that package",
    ], answer.stderr
    command = ("-m", "tierbench", "check", "study", "--model", "constant:ship")
    answer = python_with(site, *command, cwd=tmp_path)
    assert answer.returncode == 0, answer.stderr


@pytest.fixture
def scheme() -> Iterator[Any]:
    """Register an opener as `myscheme` in this process."""
    yield lambda opener: MODEL_REGISTRY.register("myscheme", opener)
    MODEL_REGISTRY.unregister("myscheme")


class Flat:
    """A classifier with the same output for every image."""

    labels: Sequence[str] = LABELS
    fingerprint = "flat"

    def describe(self) -> dict[str, Any]:
        return {}

    def predict(self, images: Sequence[Any]) -> np.ndarray:
        return np.full((len(images), len(LABELS)), 0.25, dtype=np.float32)


def test_an_opener_gets_all_arguments(scheme: Any, tmp_path: Path) -> None:
    seen: dict[str, Any] = {}

    def opener(spec: str, **further: Any) -> Flat:
        seen.update(further, spec=spec)
        return Flat()

    scheme(opener)
    (tmp_path / "myscheme:x=y").mkdir()
    classifier = load_classifier("myscheme:x=y", device="cpu", dtype="bfloat16", root=tmp_path, labels=["a"])
    assert isinstance(classifier, Flat)
    assert seen == {"spec": "myscheme:x=y", "device": "cpu", "dtype": "bfloat16", "root": tmp_path, "labels": ["a"]}


@pytest.mark.parametrize(
    ("opener", "line"),
    [
        (lambda spec, **_: 3, "model 'myscheme:x': int is not a classifier, it lacks labels, fingerprint, describe, p"),
        (lambda spec: Flat(), "model 'myscheme:x': this process cannot open it: TypeError: "),
        (lambda spec, **_: [][0], "model 'myscheme:x': this process cannot open it: IndexError: list index out of"),
        ("tests.models.test_registry:LABELS", "kind of model 'myscheme' of this process (tests.models.test_registry:"),
    ],
)
def test_an_opener_that_fails_is_one_line(scheme: Any, opener: Any, line: str) -> None:
    scheme(opener)
    with pytest.raises(UserError) as error:
        load_classifier("myscheme:x")
    assert len(error.value.lines) == 1
    assert error.value.lines[0].startswith(line)


def test_a_user_error_of_an_opener_is_not_changed(scheme: Any) -> None:
    def opener(spec: str, **_: Any) -> Flat:
        raise UserError("model 'myscheme:x': no such drawer; open another")

    scheme(opener)
    with pytest.raises(UserError, match=r"^model 'myscheme:x': no such drawer; open another$"):
        load_classifier("myscheme:x")


def test_the_kind_of_a_spec(tmp_path: Path) -> None:
    for name in ("reference", "python", "org/name", "hub:x"):
        (tmp_path / name).mkdir(parents=True)
    kinds = {
        "reference": "reference",
        "./reference": "folder",
        "python": "folder",
        "python:m:f": "python",
        "org/name": "folder",
        "org/other": "hub",
        "org/other@v2": "hub",
        # Kinds without a scheme cannot be selected by one.
        "hub:x": "folder",
    }
    assert {spec: kind_of(spec, tmp_path) for spec in kinds} == kinds
    end = r"; write a folder, a Hub id \(org/name or org/name@revision\), onnx:FILE, endpoint:URL, python:module:f"
    for spec, problem in (
        ("pyhton:m:f", "there is no kind of model 'pyhton' \\(did you mean 'python'\\?\\)"),
        ("folder:x", "there is no kind of model 'folder'"),
        ("c:/models/x", "there is no such folder"),
        ("/nowhere", "there is no such folder"),
    ):
        with pytest.raises(UserError, match=rf"^model '{spec}': {problem}{end}"):
            kind_of(spec, tmp_path)


def test_a_bug_of_our_own_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch, colour_model: Path) -> None:
    monkeypatch.setattr("tierbench.models.folder.read_model_folder", lambda *_: [][0])
    with pytest.raises(IndexError):
        load_classifier(str(colour_model))
