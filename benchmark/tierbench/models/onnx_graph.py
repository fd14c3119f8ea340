"""Read an ONNX file without running it: its graph, and the files that hold the rest of its weights."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.files import is_regular, open_regular
from tierbench.common.text import first_line, listed, one_line

if TYPE_CHECKING:
    from onnx import AttributeProto, GraphProto, ModelProto, TensorProto

# Of a protobuf message; larger models keep their weights in files beside the graph.
_MAX_BYTES = 2**31 - 1
# Domains of the operators that ONNX Runtime has built in.
_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.microsoft.nchwc", "com.ms.internal.nhwc"})


def check_installed(place: str, *, extra: str = "onnx", packages: tuple[str, ...] = ("onnx", "onnxruntime")) -> None:
    """Raise a `UserError` that names the extra to install if one of its packages is missing."""
    if missing := [name for name in packages if importlib.util.find_spec(name) is None]:
        raise UserError(f"{place}: {' and '.join(missing)} must be installed; run pip install 'tierbench[{extra}]'")


def read_graph(file: Path, place: str) -> ModelProto:
    """Return the content of an ONNX file, without the weights that lie in other files.

    Args:
        file: the file.
        place: the model, for messages.

    Raises:
        UserError: if it is no ONNX file, is too large, or needs a library of custom operators.
    """
    from google.protobuf.message import DecodeError
    from onnx import ModelProto

    model, name = ModelProto(), one_line(file.name)
    try:
        with open_regular(file) as stream:
            if os.fstat(stream.fileno()).st_size > _MAX_BYTES:
                raise UserError(f"{place}: {name} has more than 2 GB; export it with its weights in a file beside it")
            model.ParseFromString(stream.read())
    except OSError as error:
        raise UserError(f"{place}: {name} cannot be read ({error.strerror}); name an .onnx file") from error
    except (DecodeError, RecursionError) as error:
        raise UserError(f"{place}: {name} is not an ONNX file ({first_line(error)}); export the model again") from error
    if any(isinstance(text, bytes) for text in _texts(model)):
        raise UserError(f"{place}: {name} is damaged (it has a name that is not UTF-8); export the model again")
    if not model.graph.node or not model.graph.output:
        raise UserError(f"{place}: {name} is not an ONNX file (it has no graph); export the model again")
    _check_operators(model, place)
    return model


def external_files(model: ModelProto, folder: Path, place: str) -> list[Path]:
    """Return the files beside a graph that hold weights of it, sorted.

    Args:
        model: the content of the ONNX file.
        folder: the folder of the file.
        place: the model, for messages.

    Raises:
        UserError: if one lies outside of the folder, or is missing.
    """
    found = {}
    for tensor in _tensors(model):
        if tensor.data_location == tensor.EXTERNAL:
            name = next((entry.value for entry in tensor.external_data if entry.key == "location"), "")
            found[name] = folder / name
    home = os.path.realpath(folder)
    for name, file in found.items():
        inside = Path(os.path.realpath(file)).is_relative_to(home) if "\0" not in name else False
        parts = PurePosixPath(name.replace("\\", "/")).parts
        if not parts or Path(name).is_absolute() or ".." in parts or not inside:
            raise UserError(
                f"{place}: its weights lie in {one_line(name)!r}, outside of its folder, where they are never read; "
                "copy them beside the model and export it again"
            )
        if not is_regular(file):
            raise UserError(
                f"{place}: {one_line(name)!r}, which holds its weights, is missing; copy it beside the model"
            )
    return sorted(found.values())


def _check_operators(model: ModelProto, place: str) -> None:
    local = {(function.domain, function.name) for function in model.functions}
    nodes = [*model.graph.node, *(node for function in model.functions for node in function.node)]
    foreign = {node.domain for node in nodes if (node.domain, node.op_type) not in local} - _DOMAINS
    if foreign:
        raise UserError(
            f"{place}: it has operators of {listed(sorted(foreign))}, and libraries of custom operators are never "
            "loaded; export it with the operators of ONNX only"
        )


def _texts(model: ModelProto) -> Iterator[str | bytes]:
    """Yield the names in a model; protobuf gives bytes for what is not UTF-8."""
    graph = model.graph
    yield from (model.producer_name, model.producer_version, graph.name)
    for value in (*graph.input, *graph.output):
        yield value.name
        yield from (axis.dim_param for axis in value.type.tensor_type.shape.dim)
    for node in (*graph.node, *(node for function in model.functions for node in function.node)):
        yield from (node.op_type, node.domain, *node.input, *node.output)
    yield from (text for function in model.functions for text in (function.domain, function.name))
    for tensor in _tensors(model):
        yield from (tensor.name, *(text for entry in tensor.external_data for text in (entry.key, entry.value)))


def _tensors(model: ModelProto) -> Iterator[TensorProto]:
    yield from _tensors_of(model.graph)
    for function in model.functions:
        for node in function.node:
            yield from _tensors_in(node.attribute)


def _tensors_of(graph: GraphProto) -> Iterator[TensorProto]:
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield from (sparse.values, sparse.indices)
    for node in graph.node:
        yield from _tensors_in(node.attribute)


def _tensors_in(attributes: Any) -> Iterator[TensorProto]:
    attribute: AttributeProto
    for attribute in attributes:
        # Unset messages are read as empty ones.
        yield from (attribute.t, *attribute.tensors)
        for sparse in (attribute.sparse_tensor, *attribute.sparse_tensors):
            yield from (sparse.values, sparse.indices)
        for graph in (attribute.g, *attribute.graphs):
            yield from _tensors_of(graph)
