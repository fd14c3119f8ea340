"""Write a transformers classifier as a folder that `onnx:` reads: graph, config with the labels, image processor."""

from __future__ import annotations

import json
import logging
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.text import first_line
from tierbench.models.files import PROCESSORS, read_json
from tierbench.models.onnx_graph import read_graph
from tierbench.models.quiet import quiet_transformers
from tierbench.models.transformers_model import TransformersClassifier

if TYPE_CHECKING:
    import torch
    from onnx import NodeProto

    from tierbench.models.classifier import Prepares

# In float32, a copy whose probabilities differ by more is not the same model.
TOLERANCE = 1e-4
# Above this number of parameters the weights go into a file of their own: a graph can hold 2 GB.
_LARGE = 400_000_000
PACKAGES = ("onnx", "onnxruntime", "onnxscript")


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far two models agree on the same pictures.

    Attributes:
        pictures: the number of pictures.
        largest: the largest difference of two probabilities.
        flips: the number of pictures whose most probable label differs.
    """

    pictures: int
    largest: float
    flips: int


def export_model(classifier: TransformersClassifier, file: Path, place: str) -> None:
    """Write a classifier in float32, with a dynamic batch, by torch's exporter.

    Args:
        classifier: the model, in float32 on the CPU.
        file: the ONNX file; config and image processor are written beside it.
        place: the model, for messages.

    Raises:
        UserError: if the exporter cannot export it.
    """
    import torch

    network = classifier.network
    if getattr(network, "main_input_name", "") != "pixel_values":
        raise UserError(f"{place}: it takes more than pixels, and cannot be exported; run it with torch")

    class Logits(torch.nn.Module):
        """The network as a function of the pixels alone."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, pixel_values: torch.Tensor) -> Any:
            return self.network(pixel_values=pixel_values).logits

    # Two pictures, because torch takes a batch of one for a fixed one.
    example = torch.zeros(2, 3, *classifier.input_size)
    try:
        with _quiet(), torch.inference_mode():
            torch.onnx.export(
                Logits().eval(),
                (example,),
                file,
                dynamo=True,
                input_names=["pixel_values"],
                output_names=["logits"],
                dynamic_shapes=({0: torch.export.Dim("batch")},),
                external_data=sum(tensor.numel() for tensor in network.parameters()) > _LARGE,
                verbose=False,
            )
    except Exception as error:
        # The exporter raises many kinds of errors: what they have in common is that it does not know this model.
        # Its own message only lists steps; what went wrong is the cause.
        why = first_line(error.__cause__ or error)
        raise UserError(
            f"{place}: torch {torch.__version__} cannot export it to ONNX ({why}); run it with torch"
        ) from error
    _write_beside(classifier, file.parent, place)


def quantise(source: Path, target: Path, place: str) -> None:
    """Write a copy of an ONNX file with weights of 8 bits, by ONNX Runtime's dynamic quantisation.

    Weights of convolutions and linear layers become unsigned integers, those of linear layers with a scale for each
    output; what a layer gets is quantised while it runs. A convolution has one scale for all of its weights, which
    grouped ones and the first do not bear: these stay in float32. Of 26 pictures the most probable label then differs
    for 1, not for 9 (EfficientNet-Lite0) or 6 (MobileNetV2). Signed weights cost more, and have no fast convolution.

    Raises:
        UserError: if there is nothing to quantise, or it fails.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    convolutions = [node for node in read_graph(source, place).graph.node if node.op_type == "Conv"]
    kept = [node.name for node in convolutions if node is convolutions[0] or _groups(node) > 1]
    large = source.with_name(f"{source.name}.data").exists()
    try:
        with _quiet():
            quantize_dynamic(
                source,
                target,
                weight_type=QuantType.QUInt8,
                per_channel=True,
                nodes_to_exclude=kept,
                use_external_data_format=large,
            )
    except Exception as error:
        # As above; a graph that it does not understand may raise anything.
        raise UserError(f"{place}: ONNX Runtime cannot quantise it ({first_line(error)}); leave out --int8") from error


def _groups(convolution: NodeProto) -> int:
    return next((attribute.i for attribute in convolution.attribute if attribute.name == "group"), 1)


def agreement(original: Prepares, copy: Prepares, batches: Iterable[Sequence[Any]]) -> Agreement:
    """Return how far two models agree on prepared pictures."""
    import numpy as np

    pictures, largest, flips = 0, 0.0, 0
    for batch in batches:
        ours, theirs = np.asarray(original.predict_prepared(batch)), np.asarray(copy.predict_prepared(batch))
        difference = float(abs(ours - theirs).max())
        # Not a number is no agreement.
        largest = max(largest, difference if np.isfinite(difference) else np.inf)
        flips += int((ours.argmax(axis=1) != theirs.argmax(axis=1)).sum())
        pictures += len(batch)
    return Agreement(pictures, largest, flips)


def drawn_pictures(classifier: TransformersClassifier) -> list[list[Any]]:
    """Return a batch of prepared pictures to compare models on where there are no others: blurred and fine noise."""
    import numpy as np
    from PIL import Image

    random = np.random.default_rng(13)
    prepare = classifier.preparation(cropped=False)
    pictures = []
    for cells in (2, 3, 5, 8, 13, 21, 55, 224):
        pixels = random.integers(0, 256, size=(cells, cells, 3), dtype=np.uint8)
        pictures.append(prepare(Image.fromarray(pixels).resize((320, 256), Image.Resampling.BICUBIC)))
    return [pictures]


def _write_beside(classifier: TransformersClassifier, folder: Path, place: str) -> None:
    """Write the config with the labels and the image processor into the folder of the graph."""
    files = classifier.files
    config = read_json(files.folder / "config.json", place, "save the model again")
    config["id2label"] = {str(index): label for index, label in enumerate(files.labels)}
    config["label2id"] = {label: index for index, label in enumerate(files.labels)}
    if files.multi_label:
        config["problem_type"] = "multi_label_classification"
    text = json.dumps(config, indent=2, sort_keys=True) + "\n"
    (folder / "config.json").write_text(text, encoding="utf-8")
    for name in PROCESSORS:
        if (files.folder / name).is_file():
            shutil.copyfile(files.folder / name, folder / name)


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the notices of the exporter and of the quantisation; errors are still raised."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with quiet_transformers(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
