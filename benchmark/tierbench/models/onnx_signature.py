"""Find out what an ONNX graph takes and returns: layout and type of its input, logits or probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import listed, one_line

if TYPE_CHECKING:
    from onnx import GraphProto, NodeProto, ValueInfoProto

LAYOUTS = ("NCHW", "NHWC")
OUTPUTS = ("logits", "softmax", "sigmoid")
# Types of inputs by their number in ONNX. Integers are raw pixels, 0 to 255.
_TYPES = {1: "float32", 10: "float16", 11: "float64", 2: "uint8"}
_FLOATS = frozenset({1, 10, 11})
# Operators that only change the form of what they get.
_FORMS = frozenset(
    [
        "Identity",
        "Cast",
        "CastLike",
        "Reshape",
        "Flatten",
        "Squeeze",
        "Unsqueeze",
        "Transpose",
        "Dropout",
        "QuantizeLinear",
        "DequantizeLinear",
    ]
)
_SOFTMAX = frozenset({"Softmax", "QLinearSoftmax"})
_SIGMOID = frozenset({"Sigmoid", "QLinearSigmoid"})
# Of the logarithms of probabilities, softmax makes the probabilities again. Some nets end in a pooled convolution.
_LOGITS = frozenset(
    [
        "Gemm",
        "MatMul",
        "Add",
        "Conv",
        "LogSoftmax",
        "BatchNormalization",
        "GlobalAveragePool",
        "AveragePool",
        "ReduceMean",
        "MatMulInteger",
        "ConvInteger",
        "QGemm",
        "QLinearMatMul",
        "QLinearConv",
        "QLinearAdd",
        "QLinearGlobalAveragePool",
        "FusedGemm",
        "FusedMatMul",
    ]
)
_INTEGER = frozenset({"MatMulInteger", "ConvInteger"})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user says of a graph in the object `tierbench` of the `config.json` beside it; empty: look it up.

    Attributes:
        input: the name of the input that takes the pixels.
        output: the name of the output with the classes.
        layout: the order of the input's axes, `NCHW` or `NHWC`.
        outputs: what the output holds: `logits`, or the probabilities of a `softmax` or `sigmoid`.
    """

    input: str = ""
    output: str = ""
    layout: str = ""
    outputs: str = ""


@dataclass(frozen=True, slots=True)
class Signature:
    """What a graph takes and returns.

    Attributes:
        input: the name of its input.
        layout: the order of the input's axes, `NCHW` or `NHWC`.
        dtype: `float32`, `float16`, `float64`, or `uint8` for raw pixels.
        batch: the number of pictures that it takes at once; None: any.
        size: height and width of its pictures; None: any.
        output: the name of its output.
        outputs: `logits`, `softmax` or `sigmoid`.
        labels: the number of its classes; None: it does not say.
    """

    input: str
    layout: str
    dtype: str
    batch: int | None
    size: tuple[int | None, int | None]
    output: str
    outputs: str
    labels: int | None


def read_settings(config: Mapping[str, Any], place: str) -> Settings:
    """Return what a `config.json` says of the graph beside it.

    Raises:
        UserError: if a key or value is unknown.
    """
    given = config.get("tierbench", {})
    names = [field.name for field in fields(Settings)]
    if not isinstance(given, Mapping) or set(given) - set(names) or not all(isinstance(v, str) for v in given.values()):
        raise UserError(
            f"{place}: tierbench in its config.json must be an object with texts for some of {', '.join(names)}"
        )
    for name, choices in (("layout", LAYOUTS), ("outputs", OUTPUTS)):
        if given.get(name, choices[0]) not in choices:
            raise UserError(
                f"{place}: tierbench in its config.json has {name} = {one_line(given[name])!r}; "
                f"write one of {', '.join(choices)}"
            )
    return Settings(**given)


def signature_of(graph: GraphProto, settings: Settings, labels: int, place: str) -> Signature:
    """Return what a graph takes and returns.

    Args:
        graph: the graph.
        settings: what the user says of it.
        labels: the number of names of classes, by which one of several outputs is found.
        place: the model, for messages.

    Raises:
        UserError: if it is no image classifier, or the graph does not say how to use it; the line says what to write.
    """
    taken = _input(graph, settings, place)
    shape = _shape(taken)
    layout = _layout(taken, shape, settings, place)
    channels, height, width = (shape[1], shape[2], shape[3]) if layout == "NCHW" else (shape[3], shape[1], shape[2])
    if isinstance(channels, int) and channels != 3:
        raise UserError(f"{place}: it takes pictures of {channels} channels; export it for RGB pictures, with 3")
    returned = _output(graph, settings, labels, place)
    axes = _shape(returned)
    return Signature(
        input=taken.name,
        layout=layout,
        dtype=_TYPES[taken.type.tensor_type.elem_type],
        batch=_number(shape[0]),
        size=(_number(height), _number(width)),
        output=returned.name,
        outputs=settings.outputs or _outputs(graph, returned.name, place),
        labels=_number(axes[1]) if len(axes) > 1 else None,
    )


def _input(graph: GraphProto, settings: Settings, place: str) -> ValueInfoProto:
    # Before IR version 4, weights are inputs, too.
    weights = {tensor.name for tensor in graph.initializer}
    inputs = {each.name: each for each in graph.input if each.name not in weights}
    if len(inputs) > 1:
        raise UserError(
            f"{place}: it has {len(inputs)} inputs ({listed(inputs)}), but there are only pictures; export it as an "
            "image classifier with one input"
        )
    if settings.input and settings.input not in inputs:
        raise UserError(f"{place}: it has no input {one_line(settings.input)!r}; it has {listed(inputs) or 'none'}")
    value: ValueInfoProto
    for value in inputs.values():
        if len(_shape(value)) != 4:
            break
        if value.type.tensor_type.elem_type in _TYPES:
            return value
        raise UserError(
            f"{place}: its input {one_line(value.name)!r} has a type that pictures cannot be given in; export it with "
            f"one of {', '.join(_TYPES.values())}"
        )
    raise UserError(f"{place}: it has no input of 4 axes for pictures; export it as an image classifier")


def _layout(value: ValueInfoProto, shape: list[int | str], settings: Settings, place: str) -> str:
    if settings.layout:
        return settings.layout
    first, last = (axis == 3 or "channel" in str(axis) for axis in (shape[1], shape[3]))
    if first != last:
        return "NCHW" if first else "NHWC"
    if value.name == "pixel_values":
        return "NCHW"
    for layout, channels in (("NCHW", shape[1]), ("NHWC", shape[3])):
        # Of grey pictures, which are refused with their number of channels.
        if channels == 1:
            return layout
    shown = " × ".join(one_line(str(axis) or "?", 20) for axis in shape)
    raise UserError(
        f"{place}: the shape of its input, {shown}, does not say "
        'where its channels are; write "tierbench": {"layout": "NCHW"} (or "NHWC") into the config.json beside it'
    )


def _output(graph: GraphProto, settings: Settings, labels: int, place: str) -> ValueInfoProto:
    outputs: dict[str, ValueInfoProto] = {each.name: each for each in graph.output}
    if settings.output:
        if settings.output not in outputs:
            raise UserError(f"{place}: it has no output {one_line(settings.output)!r}; it has {listed(outputs)}")
        return outputs[settings.output]
    numbers = [each for each in outputs.values() if each.type.tensor_type.elem_type in _FLOATS]
    named = [each for each in numbers if each.name == "logits"]
    fitting = [each for each in numbers if _number_of_classes(each) == labels]
    for choice in (numbers, named, fitting):
        if len(choice) == 1:
            return choice[0]
    if not numbers:
        raise UserError(f"{place}: its outputs ({listed(outputs)}) hold no scores; export it with its logits")
    raise UserError(
        f"{place}: it has {len(numbers)} outputs ({listed(each.name for each in numbers)}); write "
        '"tierbench": {"output": "NAME"} into the config.json beside it'
    )


def _outputs(graph: GraphProto, name: str, place: str) -> str:
    """Return what an output holds, by the last operator that does more than to change its form."""
    makers = {output: node for node in graph.node for output in node.output}
    value, seen = name, 0
    while (node := makers.get(value)) is not None and node.input and seen < len(makers):
        if node.op_type in _SOFTMAX:
            return "softmax"
        if node.op_type in _SIGMOID:
            return "sigmoid"
        if node.op_type in _LOGITS:
            return "logits"
        if node.op_type == "Mul" and _scales_integers(node, makers):
            return "logits"
        if node.op_type not in _FORMS:
            break
        value, seen = node.input[0], seen + 1
    if name == "logits":
        return name
    end = f"ends in {one_line(node.op_type, 40)}" if node is not None else "has no operator for it"
    raise UserError(
        f"{place}: whether its output {one_line(name)!r} holds logits or probabilities is not known (the graph {end}); "
        f'write "tierbench": {{"outputs": "logits"}} (or "softmax", "sigmoid") into the config.json beside it'
    )


def _scales_integers(node: NodeProto, makers: Mapping[str, NodeProto]) -> bool:
    """Return whether a product only scales a product of integers, as quantisation writes it."""
    cast = makers.get(node.input[0])
    product = makers.get(cast.input[0]) if cast is not None and cast.op_type == "Cast" else None
    return product is not None and product.op_type in _INTEGER


def _shape(value: ValueInfoProto) -> list[int | str]:
    """Return the axes of a tensor: their lengths, or their names where they have any length."""
    axes = value.type.tensor_type.shape.dim
    return [axis.dim_value if axis.HasField("dim_value") else axis.dim_param for axis in axes]


def _number_of_classes(value: ValueInfoProto) -> int | None:
    shape = _shape(value)
    return _number(shape[1]) if len(shape) > 1 else None


def _number(axis: int | str) -> int | None:
    return axis if isinstance(axis, int) and axis > 0 else None
