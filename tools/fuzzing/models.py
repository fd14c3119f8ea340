"""The door of model folders: configs, headers of safetensors, shards, pickles, adapters, and label files."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any

from fuzzing import hostile
from fuzzing.calling import command
from fuzzing.door import Input
from fuzzing.watch import CANARY

_SIZE = 32
_LABELS = ("airplane", "automobile", "ship", "truck")
_FOLDER, _LABEL_FILE = "model", "labels.txt"
_CONFIG, _PROCESSOR = f"{_FOLDER}/config.json", f"{_FOLDER}/preprocessor_config.json"
_WEIGHTS = f"{_FOLDER}/model.safetensors"
_REMOTE = f"{CANARY}--x.Model"
# Keys that decide what transformers does with a folder.
_CONFIG_KEYS: Mapping[str, Sequence[Any]] = {
    "model_type": ("clip", "timm_wrapper", "bert", "../x", CANARY, None, 5, ""),
    "architectures": (["BertModel"], [CANARY], "x", []),
    "auto_map": ({"AutoConfig": _REMOTE, "AutoModelForImageClassification": _REMOTE},),
    "transformers_weights": ("../other.safetensors", "x.bin"),
    "id2label": ({}, {"0": 1}, {"0": "a", "2": "b"}, {"x": "y"}, [], {"0": "\x1b[31m"}, {str(10**9): "a"}),
    "num_labels": (0, -1, 10**9, "4"),
    "problem_type": ("regression", "multi_label_classification", "x"),
    "hidden_sizes": ([10**7] * 4, [0] * 4, [-1] * 4, [], "x", [8], [2**63] * 4),
    "depths": ([10**6] * 4, [0] * 4, []),
    "num_channels": (0, 1, 10**9),
    "image_size": (0, -1, 10**9),
    "hidden_act": (CANARY, "", 5),
    "torch_dtype": ("float64", CANARY, "complex128"),
    "dtype": ("int8", CANARY),
    "quantization_config": ({"quant_method": "gptq"}, {"quant_method": CANARY}, {}),
    "_attn_implementation": ("kernels-community/x", CANARY),
    "_name_or_path": ("org/name", "../x"),
}
_PROCESSOR_KEYS: Mapping[str, Sequence[Any]] = {
    "image_processor_type": ("CLIPImageProcessor", "BertTokenizer", "os.system", CANARY, None, 5),
    "auto_map": ({"AutoImageProcessor": f"{CANARY}--x.Processor"},),
    "size": ({"shortest_edge": 10**9}, {"shortest_edge": 0}, {"height": -1, "width": 5}, 10**7, [1, 2], {}, "x"),
    "crop_size": ({"height": 10**6, "width": 10**6}, 0),
    "crop_pct": (0, -1, 1e-9, 1e9, "x"),
    "do_resize": (False, "x"),
    "do_center_crop": (True,),
    "resample": (99, -1, "x"),
    "image_mean": ([], [0.5], [1, 2, 3, 4], "x", [float("nan")] * 3),
    "image_std": ([0, 0, 0], []),
    "rescale_factor": (0, "x", float("inf")),
}


class Models:
    """Feeds model folders."""

    share = 8
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Write a small model with random weights."""
        import torch
        from transformers import ConvNextConfig, ConvNextForImageClassification, ConvNextImageProcessorPil

        torch.manual_seed(0)
        torch.set_num_threads(1)
        self.base = top / "models"
        sizes: dict[str, Any] = {"image_size": _SIZE, "depths": [1] * 4, "hidden_sizes": [8] * 4}
        config = ConvNextConfig(id2label=dict(enumerate(_LABELS)), **sizes)
        ConvNextForImageClassification(config).save_pretrained(self.base / _FOLDER)
        processor: Any = ConvNextImageProcessorPil(size={"shortest_edge": _SIZE})
        processor.save_pretrained(self.base / _FOLDER)
        (self.base / _LABEL_FILE).write_text("\n".join([*_LABELS, ""]), encoding="utf-8")

    def valid(self) -> Sequence[Input]:
        """Return the model as it was written, with and without a file of labels."""
        return [Input(("model", _FOLDER)), Input(("model", _FOLDER, "--labels", _LABEL_FILE, "--json"))]

    def draw(self, chance: Random) -> Input:
        """Return a model folder in which a file or two are broken."""
        broken: Sequence[Callable[[Random], Input]] = (
            self._config,
            self._config,
            self._processor,
            self._processor,
            self._weights,
            self._index,
            self._pickle,
            self._adapter,
            self._labels,
        )
        first, second = (chance.choice(broken)(chance) for _ in range(2))
        if chance.random() < 0.8:
            return first
        without = tuple(dict.fromkeys((*first.without, *second.without)))
        return Input(first.arguments, {**first.files, **second.files}, without=without)

    def feed(self, given: Input) -> str:
        """Print the model's card, for which it is loaded whole."""
        return command(*given.arguments).outcome

    def _content(self, name: str) -> bytes:
        if self.base is None:
            raise RuntimeError("the door is not prepared")
        return (self.base / name).read_bytes()

    def _config(self, chance: Random) -> Input:
        return Input(_arguments(chance), {_CONFIG: _changed(chance, self._content(_CONFIG), _CONFIG_KEYS)})

    def _processor(self, chance: Random) -> Input:
        return Input(_arguments(chance), {_PROCESSOR: _changed(chance, self._content(_PROCESSOR), _PROCESSOR_KEYS)})

    def _weights(self, chance: Random) -> Input:
        content = self._content(_WEIGHTS)
        (length,) = struct.unpack_from("<Q", content)
        header, data = json.loads(content[8 : 8 + length]), content[8 + length :]
        kind = chance.random()
        if kind < 0.4:
            return Input(
                _arguments(chance), {_WEIGHTS: hostile.damaged(chance, content, chance.choice((8, 2_000, None)))}
            )
        if kind < 0.5:
            said = chance.choice((0, 1, 2**32, 2**63, 2**64 - 1, len(content)))
            return Input(_arguments(chance), {_WEIGHTS: struct.pack("<Q", said) + content[8:]})
        name = chance.choice(sorted(set(header) - {"__metadata__"}))
        if kind < 0.8:
            field = chance.choice(("dtype", "shape", "data_offsets"))
            good: Sequence[Any] = ("F64", "I64", [1], [8, 8], [2**40, 2**40], [0, 0], [0, 2**63], [-1, 4], [])
            header[name][field] = chance.choice(good) if chance.random() < 0.7 else hostile.value(chance)
            text = json.dumps(header).encode()
        else:
            text = hostile.json_bytes(chance, header)
        return Input(_arguments(chance), {_WEIGHTS: struct.pack("<Q", len(text)) + text + data})

    def _index(self, chance: Random) -> Input:
        shard = chance.choice(
            ("model-00001-of-00001.safetensors", "../secret.png", "/etc/passwd", hostile.text(chance))
        )
        index = {"metadata": {"total_size": 5}, "weight_map": {"classifier.weight": shard}}
        files = {f"{_FOLDER}/model.safetensors.index.json": hostile.json_bytes(chance, index)}
        if chance.random() < 0.5:
            files[f"{_FOLDER}/model-00001-of-00001.safetensors"] = self._content(_WEIGHTS)
        return Input(_arguments(chance), files, without=(_WEIGHTS,) if chance.random() < 0.8 else ())

    def _pickle(self, chance: Random) -> Input:
        name = chance.choice(
            ("pytorch_model.bin", "model.bin", "tf_model.h5", "flax_model.msgpack", "model.safetensors", "config.json")
        )
        files = {f"{_FOLDER}/{name}": pickle.dumps(_Evil())}
        config = {**json.loads(self._content(_CONFIG)), "transformers_weights": name}
        if chance.random() < 0.3:
            files[_CONFIG] = json.dumps(config).encode()
        return Input(_arguments(chance), files, without=(_WEIGHTS,) if chance.random() < 0.6 else ())

    def _adapter(self, chance: Random) -> Input:
        base = chance.choice(("org/name", "../x", ".", hostile.text(chance)))
        config = {"peft_type": "LORA", "base_model_name_or_path": base, "auto_mapping": {"parent_library": CANARY}}
        files = {f"{_FOLDER}/adapter_config.json": hostile.json_bytes(chance, config)}
        if chance.random() < 0.5:
            files[f"{_FOLDER}/adapter_model.safetensors"] = self._content(_WEIGHTS)
        return Input(_arguments(chance), files)

    def _labels(self, chance: Random) -> Input:
        names = [
            chance.choice((*_LABELS, hostile.text(chance))) for _ in range(chance.choice((0, 1, 3, 4, 4, 4, 1_000)))
        ]
        files = {_LABEL_FILE: hostile.spoilt(chance, chance.choice(("\n", "\r\n", "\n\n")).join(names))}
        return Input(("model", _FOLDER, "--labels", _LABEL_FILE), files)


class _Evil:
    """Imports the canary when it is unpickled."""

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return __import__, (CANARY,)


def _arguments(chance: Random) -> tuple[str, ...]:
    more = chance.choice(((), (), ("--json",), ("--all-labels",), ("--labels", _LABEL_FILE)))
    return ("model", _FOLDER, *more)


def _changed(chance: Random, content: bytes, keys: Mapping[str, Sequence[Any]]) -> bytes:
    """Return a JSON object with other values of the keys that matter, or with any part altered."""
    given = json.loads(content)
    if chance.random() < 0.3:
        return hostile.json_bytes(chance, given)
    for name in chance.sample(sorted(keys), 1 + int(chance.random() * 2)):
        given[name] = chance.choice(keys[name]) if chance.random() < 0.8 else hostile.value(chance)
    return hostile.spoilt(chance, json.dumps(given), '{"a":', "[")
