"""`TorchClassifier`, which wraps a module in memory, and the examples of docs/notebooks-and-training.md."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.conftest import REPOSITORY, STUDY, write_suite
from tests.flat_colours import LABELS, flat
from tierbench import Classifier, TorchClassifier, evaluate
from tierbench.models.identity import checked_classifier


def preprocess(image: Any) -> torch.Tensor:
    return torch.tensor(np.asarray(image.resize((4, 4))), dtype=torch.float32).permute(2, 0, 1) / 255


class Odd:
    """A preprocessing object: it has no source text of its own, and its repr contains its address."""

    def __call__(self, image: Any) -> torch.Tensor:
        return preprocess(image)


@dataclass
class Brighter(Odd):
    """The same, which says of itself what it does."""

    by: float


def small_module() -> nn.Module:
    torch.manual_seed(7)
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(48, len(LABELS)))


def test_the_examples_of_the_documentation_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (REPOSITORY / "docs" / "notebooks-and-training.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)
    assert len(blocks) == 3
    write_suite(tmp_path / "cases" / "street", STUDY)
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, block in enumerate(blocks):
        # As a file, so that the source text of its functions can be read, as in a user's own module.
        file = tmp_path / f"block_{number}.py"
        file.write_text(block, encoding="utf-8")
        exec(compile(block, str(file), "exec"), names)  # noqa: S102 (our own documentation)
    assert list(names["table"].columns[:4]) == ["suite", "case", "model", "tier"]
    assert [set(entry) for entry in names["history"]] == [{"epoch", "loss", "tier1", "tier2", "tier3"}] * 3
    logged = [entry for entry in names["trainer"].state.log_history if "robust_tier1" in entry]
    assert [entry["epoch"] for entry in logged] == [1.0, 2.0]


def test_the_probabilities_are_those_of_the_module(tmp_path: Path) -> None:
    module = small_module()
    classifier = checked_classifier(TorchClassifier(module, LABELS, preprocess), "here")
    assert isinstance(classifier, Classifier)
    pixels = preprocess(flat("red"))[None]
    expected = torch.softmax(module.eval()(pixels), dim=-1).detach().numpy()
    np.testing.assert_allclose(classifier.predict([flat("red")]), expected, atol=1e-6)
    assert list(evaluate(classifier, write_suite(tmp_path / "study", STUDY))["case"]) == [
        "red_space",
        "grey_fog",
        "black_night",
    ]


def test_a_public_name_is_never_replaced_by_a_module() -> None:
    import tierbench

    for _ in range(2):
        for name in tierbench.__all__:
            assert not isinstance(getattr(tierbench, name), ModuleType), name


def test_the_module_is_not_changed() -> None:
    module = small_module()
    module.train()
    module[1].eval()  # type: ignore[index]
    before = [part.training for part in module.modules()]
    TorchClassifier(module, LABELS, preprocess).predict([flat("red")])
    assert [part.training for part in module.modules()] == before
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_outputs_with_logits_and_sigmoids() -> None:
    class Wrapped(nn.Module):
        def forward(self, pixels: torch.Tensor) -> object:
            class Output:
                logits = torch.zeros(len(pixels), 2)

            return Output()

    classifier = TorchClassifier(Wrapped(), ["a", "b"], preprocess, multi_label=True)
    np.testing.assert_allclose(classifier.predict([flat("red"), flat("blue")]), np.full((2, 2), 0.5))


def test_the_card_says_what_the_module_is_made_of() -> None:
    classifier = TorchClassifier(small_module(), LABELS, preprocess)
    card = classifier.describe()
    assert json.loads(json.dumps(card)) == card
    assert (card["architecture"], card["parameters"]) == ("Sequential", 49 * len(LABELS))
    assert (card["labels"], card["outputs"]) == (list(LABELS), "softmax")
    assert (card["device"], card["dtype"], card["fingerprint"]) == ("cpu", "float32", classifier.fingerprint)
    assert "def preprocess(" in card["preprocessing"]["preprocess"]


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_is_reported_and_predicts(dtype: torch.dtype) -> None:
    classifier = TorchClassifier(small_module().to(dtype), LABELS, preprocess)
    assert classifier.dtype == str(dtype).removeprefix("torch.")
    assert classifier.fingerprint is None
    full = TorchClassifier(small_module(), LABELS, preprocess).predict([flat("red")])
    np.testing.assert_allclose(classifier.predict([flat("red")]), full, atol=0.02)


def test_the_fingerprint_changes_with_everything_that_changes_predictions() -> None:
    module = small_module()
    first = TorchClassifier(module, LABELS, preprocess, version="1")
    same = TorchClassifier(small_module(), LABELS, preprocess, version="1")
    assert first.fingerprint == same.fingerprint
    # The address of an object, which changes from run to run, is not part of it.
    assert (
        TorchClassifier(module, LABELS, Odd(), version="1").fingerprint
        == TorchClassifier(module, LABELS, Odd(), version="1").fingerprint
    )
    others = [
        TorchClassifier(module, LABELS[::-1], preprocess, version="1"),
        TorchClassifier(module, LABELS, Odd(), version="1"),
        TorchClassifier(module, LABELS, Brighter(0.1), version="1"),
        TorchClassifier(module, LABELS, Brighter(0.2), version="1"),
        TorchClassifier(module, LABELS, preprocess, version="2"),
        TorchClassifier(module, LABELS, preprocess, version="1", multi_label=True),
    ]
    fingerprints = {first.fingerprint, *(other.fingerprint for other in others)}
    assert len(fingerprints) == 1 + len(others)
    with torch.no_grad():
        module[2].bias += 1  # type: ignore[index]
    assert first.fingerprint not in fingerprints
