"""`--robust-compile`: compiled networks say what they say as they are; where that fails, they run as they are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch._dynamo.utils import counters

from tests.models.test_agreement import PHOTOS
from tierbench.common.images import open_picture
from tierbench.models import load_classifier
from tierbench.models.compilation import compile_model
from tierbench.models.torch_model import TorchClassifier
from tierbench.models.transformers_model import TransformersClassifier

COMPILER = os.environ.get("CXX") or "g++"
needs_compiler = pytest.mark.skipif(
    shutil.which(COMPILER) is None, reason=f"torch.compile is NOT tested: the C++ compiler {COMPILER!r} is not here"
)
GREY, RED = (Image.new("RGB", (8, 8), colour) for colour in ("grey", "red"))


@pytest.fixture(autouse=True)
def compiler_as_new() -> Iterator[None]:
    """Nothing of another test in the memory of torch's compiler."""
    torch.compiler.reset()
    yield
    torch.compiler.reset()


def pixels(image: Image.Image) -> torch.Tensor:
    pixel = image.convert("RGB").getpixel((0, 0))
    assert isinstance(pixel, tuple)
    return torch.tensor(pixel).float() / 255


def classifier_of(module: torch.nn.Module) -> TorchClassifier:
    return TorchClassifier(module, ["one", "two", "three"], pixels)


@pytest.mark.slow
@needs_compiler
def test_the_built_in_model_agrees_in_batches_of_any_size_and_is_compiled_once(reference_model: Path) -> None:
    import skimage

    photos = [open_picture(Path(skimage.__file__).parent / "data" / name) for name in PHOTOS]
    plain, compiled = (load_classifier(str(reference_model), device="cpu") for _ in range(2))
    assert isinstance(compiled, TransformersClassifier)
    compile_model(compiled)
    expected = plain.predict(photos)
    assert compiled.predict(photos[:4]) == pytest.approx(expected[:4], abs=1e-5)
    graphs = counters["stats"]["unique_graphs"]
    assert graphs > 0
    for count in (6, 3, 1):
        assert compiled.predict(photos[:count]) == pytest.approx(expected[:count], abs=1e-5)
    assert counters["stats"]["unique_graphs"] == graphs
    assert (compiled.compilation.problem, compiled.backend) == ("", "torch.compile")
    assert (plain.describe()["backend"], compiled.describe()["backend"]) == ("torch", "torch.compile")


def test_without_a_compiler_nothing_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    classifier = classifier_of(torch.nn.Linear(3, 3))
    compile_model(classifier)
    assert classifier.backend == "torch"
    assert classifier.compilation.problem == (
        "it takes the C++ compiler 'no-such-compiler', which is not here; install it, or name one in CXX"
    )


class SaysOtherwise(torch.nn.Linear):
    """What a bug of a compiler would be: another output than that of the module as it is."""

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        outputs = super().forward(pixels)
        return 2 * outputs if torch.compiler.is_compiling() else outputs


@needs_compiler
def test_outputs_that_differ_are_never_used() -> None:
    torch.manual_seed(0)
    classifier = classifier_of(SaysOtherwise(3, 3))
    expected = classifier.predict([GREY, RED])
    compile_model(classifier)
    assert classifier.predict([GREY, RED]) == pytest.approx(expected)
    assert classifier.compilation.problem.startswith("its outputs differ from those of the model as it is by 0.")
    assert (classifier.backend, classifier.describe()["backend"]) == ("torch", "torch")


def test_a_compiler_that_fails_leaves_the_model_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torch._inductor import config

    # Nothing that was compiled before is found.
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    # It is there, and compiles nothing.
    monkeypatch.setattr(config.cpp, "cxx", ("false",))
    monkeypatch.setenv("CXX", "false")
    # The linear layer alone would be left to the library that torch calls for it.
    classifier = classifier_of(torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.Tanh()))
    expected = classifier.predict([GREY, RED])
    compile_model(classifier)
    assert classifier.backend == "torch.compile"
    assert classifier.predict([GREY, RED]) == pytest.approx(expected)
    assert classifier.compilation.problem.startswith("it failed: InvalidCxxCompiler: No working C++ compiler found")
    assert classifier.backend == "torch"


def test_what_the_model_itself_raises_is_no_problem_of_the_compiler() -> None:
    classifier = classifier_of(torch.nn.Linear(2, 3))
    compile_model(classifier)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        classifier.predict([GREY, RED])
    assert classifier.compilation.problem == ""
