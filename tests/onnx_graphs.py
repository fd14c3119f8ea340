"""Small ONNX graphs for the labels of `flat_colours.py`, with known probabilities, in every form that models have."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from tests.flat_colours import LABELS, SIZE

# Labels × channels: a reddish picture is an automobile, a greenish one a truck, a bluish one a ship.
WEIGHT = np.array([[-1, -1, -1], [6, -2, -2], [-2, -2, 6], [-2, 6, -2]], dtype=np.float32)
BIAS = np.array([0.5, 0, 0, 0], dtype=np.float32)
TYPES = {"float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8}


def expected(picture: Image.Image) -> np.ndarray:
    """The logits that the graph has for a picture of one colour."""
    colour = np.asarray(picture.convert("RGB"), dtype=np.float32).mean(axis=(0, 1)) / 255
    logits: np.ndarray = WEIGHT @ colour + BIAS
    return logits


def softmax(logits: np.ndarray) -> np.ndarray:
    powers: np.ndarray = np.exp(logits - logits.max())
    return np.asarray(powers / powers.sum())


def save_graph(
    file: Path,
    *,
    layout: str = "NCHW",
    dtype: str = "float32",
    ends: Sequence[str] = (),
    shape: Sequence[int | str] | None = None,
    output: str = "scores",
    more_inputs: Sequence[str] = (),
    more_outputs: Sequence[str] = (),
    domain: str = "",
    external: str = "",
) -> Path:
    """Write a graph: mean of each channel, then a linear layer, then the operators of `ends`.

    Args:
        file: the ONNX file.
        layout: order of the axes of its input.
        dtype: type of its input; `uint8` is raw pixels, which the graph divides by 255.
        ends: operators behind the linear layer, such as `Softmax`.
        shape: of the input; default: any batch, 3 channels, 32 × 32.
        output: name of the output.
        more_inputs: names of further inputs, of shape [n, 4].
        more_outputs: names of further outputs, with the same values.
        domain: of the last operator.
        external: name of a file for the weights.
    """
    axes: list[Any] = ["n", 3, SIZE, SIZE] if layout == "NCHW" else ["n", SIZE, SIZE, 3]
    nodes: list[onnx.NodeProto] = []
    value = "pixels"

    def then(kind: str, *others: str, home: str = "", **options: Any) -> None:
        nonlocal value
        made = f"v{len(nodes)}"
        nodes.append(helper.make_node(kind, [value, *others], [made], domain=home, **options))
        value = made

    if dtype != "float32":
        then("Cast", to=TensorProto.FLOAT)
    if dtype == "uint8":
        then("Mul", "scale")
    if layout == "NHWC":
        then("Transpose", perm=[0, 3, 1, 2])
    then("GlobalAveragePool")
    then("Flatten")
    then("Gemm", "weight", "bias", transB=1)
    for kind in ends:
        then(kind, home=domain)
    nodes.extend(helper.make_node("Identity", [value], [name]) for name in (output, *more_outputs))
    inputs = [helper.make_tensor_value_info("pixels", TYPES[dtype], shape or axes)]
    inputs += [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in more_inputs]
    outputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in (output, *more_outputs)]
    weights = {"weight": WEIGHT, "bias": BIAS, "scale": np.array(1 / 255, dtype=np.float32)}
    graph = helper.make_graph(
        nodes, "tiny", inputs, outputs, [numpy_helper.from_array(array, name) for name, array in weights.items()]
    )
    opsets = [helper.make_opsetid("", 20)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
    if external:
        for tensor in model.graph.initializer:
            onnx.external_data_helper.set_external_data(tensor, location=external)
        if "/" not in external:
            onnx.external_data_helper.write_external_data_tensors(model, str(file.parent))
    file.write_bytes(model.SerializeToString())
    return file


def save_beside(folder: Path, **config: Any) -> None:
    """Write the image processor, which only rescales, and a config with the labels and further keys."""
    processor = {
        "image_processor_type": "ViTImageProcessor",
        "size": {"height": SIZE, "width": SIZE},
        "do_resize": True,
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0, 0, 0],
        "image_std": [1, 1, 1],
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(processor), encoding="utf-8")
    named = {"id2label": dict(enumerate(LABELS)), **config}
    (folder / "config.json").write_text(json.dumps(named), encoding="utf-8")
