"""The door of ONNX files: damaged graphs, other shapes and types, weights that lie elsewhere, no labels."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

from small_repository import noise_picture

from fuzzing import hostile
from fuzzing.calling import command
from fuzzing.door import Input

_FILE, _CONFIG, _PROCESSOR = "graph/model.onnx", "graph/config.json", "graph/preprocessor_config.json"
_SHAPES: Sequence[Sequence[Any]] = (
    ("n", 3, 32, 32),
    ("n", 32, 32, 3),
    ("n", "c", "h", "w"),
    ("n", 1, 32, 32),
    (2**31, 3, 32, 32),
    (0, 3, 32, 32),
    (-1, 3, -1, -1),
    (3, 32, 32),
    (),
    ("\x1b[31m", "::error::x", "x" * 5_000, 3),
)
_LOCATIONS = (
    "weights.bin",
    "../secret.png",
    "/etc/passwd",
    "sub/../../secret.png",
    "",
    "\0",
    "model.onnx",
    "/dev/zero",
)
_OPERATORS = ("Softmax", "Sigmoid", "LogSoftmax", "Tanh", "Shape", "Loop", "NoSuchOperator", "Identity")
_SETTINGS: Mapping[str, Sequence[Any]] = {
    "layout": ("NCHW", "NHWC", "x", 5),
    "outputs": ("logits", "softmax", "sigmoid", "x"),
    "input": ("pixels", "x", ""),
    "output": ("scores", "x"),
    "x": (1,),
}


class Graphs:
    """Feeds ONNX models."""

    share = 6
    hosts: frozenset[str] = frozenset()
    base: Path | None = None

    def prepare(self, top: Path) -> None:
        """Write a small graph with its processor and labels."""
        # Imported here, because they are onnx.
        from tests.onnx_graphs import save_beside, save_graph

        # Before the clock of the first input runs: on a busy machine that takes longer than an input may.
        import_module("transformers.models.auto.image_processing_auto")
        self.base = top / "graphs"
        (self.base / "graph").mkdir(parents=True)
        save_graph(self.base / _FILE)
        save_beside(self.base / "graph")
        (self.base / "labels.txt").write_text("a\nb\nc\nd\n", encoding="utf-8")
        noise_picture(self.base / "x.png", 0)

    def valid(self) -> Sequence[Input]:
        """Return the graph as it was written."""
        return [Input(("model", "onnx:graph")), Input(_query()), Input(_query("--labels", "labels.txt", "--json"))]

    def draw(self, chance: Random) -> Input:
        """Return a model in which something is broken."""
        broken: Sequence[Callable[[Random], Input]] = (
            self._damaged,
            self._changed,
            self._changed,
            self._elsewhere,
            self._beside,
            self._named,
        )
        given = chance.choice(broken)(chance)
        more = chance.choice(((), (), ("--labels", "labels.txt"), ("--json",)))
        arguments = given.arguments or chance.choice((("model", "onnx:graph", *more), _query(*more)))
        return Input(arguments, given.files, given.links, given.without, given.sizes)

    def feed(self, given: Input) -> str:
        """Print the model's card, or ask it."""
        return f"{command(*given.arguments).outcome} by {given.arguments[0]}"

    def _content(self, name: str) -> bytes:
        if self.base is None:
            raise RuntimeError("the door is not prepared")
        return (self.base / name).read_bytes()

    def _damaged(self, chance: Random) -> Input:
        return Input((), {_FILE: hostile.damaged(chance, self._content(_FILE))})

    def _changed(self, chance: Random) -> Input:
        """Change shapes, types, operators or sizes in the graph."""
        import onnx

        model = onnx.load_from_string(self._content(_FILE))
        for _ in range(1 + int(chance.random() * 2)):
            value = chance.choice((model.graph.input[0], model.graph.output[0])).type.tensor_type
            kind = chance.random()
            if kind < 0.3:
                del value.shape.dim[:]
                for side in chance.choice(_SHAPES):
                    axis = value.shape.dim.add()
                    axis.dim_value, axis.dim_param = (side, "") if isinstance(side, int) else (0, side)
            elif kind < 0.5:
                value.elem_type = chance.choice((0, 2, 7, 8, 10, 16, 99))
            elif kind < 0.7:
                node = chance.choice(list(model.graph.node))
                node.op_type = chance.choice(_OPERATORS)
                node.domain = chance.choice(("", "", "com.microsoft", "\x1b[31m"))
            elif kind < 0.85:
                tensor = chance.choice(list(model.graph.initializer))
                tensor.dims[:] = chance.choice(([], [0], [2**40], [-1], [2**62, 2**62], [4]))
            else:
                node = chance.choice(list(model.graph.node))
                node.input[:] = [chance.choice(("pixels", "", "x", *node.output)) for _ in node.input]
        return Input((), {_FILE: model.SerializeToString()})

    def _elsewhere(self, chance: Random) -> Input:
        """Keep the weights in another file, which may lie anywhere."""
        import onnx

        model = onnx.load_from_string(self._content(_FILE))
        content = b"".join(tensor.raw_data for tensor in model.graph.initializer)
        for tensor in model.graph.initializer:
            onnx.external_data_helper.set_external_data(
                tensor,
                location=chance.choice(_LOCATIONS),
                offset=chance.choice((None, 0, 2**62, -1)),
                length=chance.choice((None, 0, 48, 2**62)),
            )
            if chance.random() < 0.8:
                tensor.ClearField("raw_data")
        links = {"graph/weights.bin": chance.choice(("../../secret.png", "/dev/zero"))} if chance.random() < 0.3 else {}
        files = {_FILE: model.SerializeToString()}
        return Input((), files if links else {**files, "graph/weights.bin": content}, links)

    def _beside(self, chance: Random) -> Input:
        """Break the config or the image processor, or leave one out."""
        name = chance.choice((_CONFIG, _PROCESSOR))
        if chance.random() < 0.2:
            return Input((), without=(name,))
        given = json.loads(self._content(name))
        if name == _CONFIG and chance.random() < 0.6:
            keys = chance.sample(sorted(_SETTINGS), 1 + int(chance.random() * 2))
            given["tierbench"] = {key: chance.choice(_SETTINGS[key]) for key in keys}
            return Input((), {name: json.dumps(given).encode()})
        return Input((), {name: hostile.json_bytes(chance, given)})

    def _named(self, chance: Random) -> Input:
        path = chance.choice(("", ".", "graph/x.onnx", "x.png", "x" * 300, hostile.argument(chance)))
        return Input(("model", f"onnx:{path}"), sizes={"graph/x.onnx": chance.choice((0, 2**20, 2**36))})


def _query(*more: str) -> tuple[str, ...]:
    return ("query", "x.png", "--model", "onnx:graph", *more)
