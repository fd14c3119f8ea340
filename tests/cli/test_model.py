import json
from collections.abc import Callable
from pathlib import Path

from tests.cli.conftest import Answer

Call = Callable[..., Answer]


def test_model_prints_the_card_of_a_model(tierbench: Call) -> None:
    lines = tierbench("model", "reference").out.splitlines()
    assert "architecture  EfficientNetForImageClassification" in lines
    assert "parameters    5,288,548" in lines
    assert "depths        1, 2, 2, 3, 3, 4, 1" in lines
    assert "widths        16, 24, 40, 80, 112, 192, 320" in lines
    assert "outputs       softmax" in lines
    assert any(line.startswith("labels        1,000: tench, Tinca tinca; goldfish") for line in lines)
    steps = lines.index("preprocessing, step by step")
    assert lines[steps + 1 : steps + 4] == [
        "  1 decode RGB",
        "  2 resize shortest edge to 256, bicubic",
        "  3 crop 224 × 224 at the centre",
    ]
    assert any("crop_pct" in line and "0.875" in line for line in lines)


def test_model_prints_the_whole_card_as_json(tierbench: Call) -> None:
    card = json.loads(tierbench("model", "reference", "--json").out)
    assert len(card["labels"]) == 1000
    assert card["preprocessing"]["size"] == {"shortest_edge": 224}
    # EfficientNet-Lite0 has 4,652,008 parameters; the rest belongs to the gates that the architecture adds.
    assert card["parameters"] - 4_652_008 == 636_540


def test_a_folder_with_only_a_pickle_is_rejected(tierbench: Call, workplace: Path) -> None:
    folder = workplace / "pickled"
    folder.mkdir()
    (folder / "config.json").write_text('{"id2label": {"0": "cat"}}', encoding="utf-8")
    (folder / "pytorch_model.bin").write_bytes(b"\x80")
    answer = tierbench("model", "pickled")
    assert answer.code == 4
    assert "has its weights only in pytorch_model.bin, and pickles are never loaded" in answer.err


def test_a_card_that_cannot_be_described_is_one_line(tierbench: Call, workplace: Path) -> None:
    model = "class Model:\n    labels = ['a']\n    fingerprint = None\n    predict = None\n"
    (workplace / "cardless.py").write_text(
        f"{model}    def describe(self): raise OSError('gone')\n"
        f"{model.replace('Model', 'Three')}    def describe(self): return 3\n",
        encoding="utf-8",
    )
    answer = tierbench("model", "python:cardless:Model")
    assert answer.code == 4
    assert "model 'python:cardless:Model': its describe() failed: OSError: gone; fix it" in answer.err
    answer = tierbench("model", "python:cardless:Three")
    assert answer.code == 4
    assert "model 'python:cardless:Three': its describe() returned no dict; return the model card as one" in answer.err


def test_a_card_that_is_nearly_empty_says_what_is_not_known(tierbench: Call, workplace: Path) -> None:
    (workplace / "bare.py").write_text(
        "class Bare:\n    labels = ['a', 'b']\n    fingerprint = None\n    predict = None\n"
        "    def describe(self): return {'architecture': 'Rules', 'unknown': ['input_size'], 'steps': 3}\n",
        encoding="utf-8",
    )
    lines = tierbench("model", "python:bare:Bare").out.splitlines()
    assert lines == [
        "architecture  Rules",
        "not known     input, parameters, file size, weights, backend, preprocessing",
        "labels        2: a; b",
        "fingerprint   none: predictions are not kept between runs",
    ]
