"""A classifier behind a server that speaks the Open Inference Protocol (v2): KServe, Triton, MLServer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import one_line
from tierbench.models.classifier import Scores
from tierbench.models.endpoint_client import EndpointClient
from tierbench.models.endpoint_spec import EndpointSpec
from tierbench.models.files import fingerprint_of, processor_files
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.outputs import sums_to_one
from tierbench.models.preprocessing_steps import preprocessing_steps

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

_DATATYPES = ("FP32", "FP16", "FP64", "UINT8")
# Pixels that are neither rescaled nor normalised reach far above what normalised ones do.
_NORMALISED = 20
# Sides of pictures are shorter, so that an infinite one is an open one.
_LONGEST_SIDE = 1e9


@dataclass(frozen=True, slots=True)
class _Input:
    """The tensor that a model takes.

    Attributes:
        channels_last: NHWC instead of NCHW.
    """

    name: str
    datatype: str
    channels_last: bool


class V2Endpoint:
    """A `Classifier` that sends preprocessed pictures to a server; see `AsksServer`.

    Args:
        spec: what was asked for.
        client: sends requests.
        labels: the names of the classes, in the order of the outputs.
        folder: holds the image processor.
        multi_label: whether the outputs are those of labels that do not exclude each other.
        concurrency: number of requests at once.

    Raises:
        UserError: if the server does not answer, or its model takes or returns something else than is declared.
    """

    device = "remote"

    def __init__(
        self,
        spec: EndpointSpec,
        client: EndpointClient,
        labels: Sequence[str],
        folder: Path,
        multi_label: bool,
        concurrency: int,
    ) -> None:
        self._spec = spec
        self._client = client
        self._files = processor_files(folder, spec.place)
        self._processor = ImageProcessor(folder, spec.place)
        self.labels = tuple(labels)
        self.multi_label = multi_label
        self.concurrency = concurrency
        self._input = self._declared_input()
        # Whether outputs are probabilities already; else they are logits.
        self._probabilities: bool | None = None

    @property
    def dtype(self) -> str:
        """The type of the model's input."""
        return self._input.datatype

    @property
    def fingerprint(self) -> str | None:
        """A hash over URL, version, labels and preprocessing; None where the user stated no version."""
        if not self._spec.version:
            return None
        stated = {
            "url": self._spec.url,
            "version": self._spec.version,
            "labels": self.labels,
            "sigmoid": self.multi_label,
        }
        return fingerprint_of(stated, self._files)

    def describe(self) -> dict[str, Any]:
        """Return the model card; of the model itself little is known."""
        return {
            "architecture": None,
            "parameters": None,
            "file_size": None,
            "labels": list(self.labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "preprocessing": self._processor.loaded.to_dict(),
            "steps": preprocessing_steps(self._processor.loaded.to_dict()),
            "input_size": list(self._processor.input_size),
            "config": {},
            "spec": self._spec.spec,
            "fingerprint": self.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
            "backend": "remote",
            "protocol": "v2",
            "version": self._spec.version,
            "unknown": ["architecture", "parameters", "file_size"],
        }

    def verify(self) -> None:
        """Ask for a grey picture.

        Raises:
            UserError: if there is no usable answer.
        """
        from PIL import Image

        try:
            self.ask(Image.new("RGB", (224, 224), (128, 128, 128)), None, cropped=False)
        except PictureError as error:
            raise UserError(f"{self._spec.place}: {error}; check the labels and the image processor") from error

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, float32, shape [n_images, n_labels]."""
        return self._predicted(images, cropped=False)

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities for pictures that are cropped already; see `TakesCropped`."""
        return self._predicted(images, cropped=True)

    def _predicted(self, images: Sequence[Image.Image], *, cropped: bool) -> np.ndarray:
        import numpy as np

        return np.stack([self.ask(image, None, cropped=cropped).probabilities for image in images])

    def ask(self, image: Image.Image, content: bytes | None, *, cropped: bool) -> Scores:
        """Return the scores of one picture; see `AsksServer`."""
        tensor = self._tensor(image, cropped=cropped)
        wish = {
            "inputs": [
                {
                    "name": self._input.name,
                    "shape": list(tensor.shape),
                    "datatype": self._input.datatype,
                    "data": tensor.ravel().tolist(),
                }
            ]
        }
        answer = self._client.post(f"{self._spec.url}/infer", json.dumps(wish).encode(), "application/json")
        return Scores(self._probabilities_of(self._outputs(answer)))

    def _tensor(self, image: Image.Image, *, cropped: bool) -> np.ndarray:
        import numpy as np

        prepared: Any = self._processor.preparation(cropped=cropped)(image)
        if not hasattr(prepared, "numpy"):
            raise UserError(f"{self._spec.place}: its image processor makes more than pixels; give another")
        pixels: np.ndarray = prepared.numpy()
        if self._input.datatype == "UINT8":
            if pixels.min() < 0 or 0 < pixels.max() < _NORMALISED:
                raise PictureError(
                    "the endpoint's model takes pixels of 0 to 255 (UINT8), but the image processor scales them; "
                    "turn off its do_rescale and do_normalize"
                )
            pixels = np.clip(np.rint(pixels), 0, 255).astype(np.uint8)
        elif self._input.datatype == "FP16":
            pixels = pixels.astype(np.float16)
        if self._input.channels_last:
            pixels = pixels.transpose(1, 2, 0)
        return pixels[np.newaxis]

    def _outputs(self, answer: object) -> np.ndarray:
        """Return the outputs for the labels, float64.

        Raises:
            PictureError: if the answer does not have a number for each.
        """
        import numpy as np

        found = answer.get("outputs") if isinstance(answer, dict) else None
        sizes = []
        for output in found if isinstance(found, list) else ():
            data = output.get("data") if isinstance(output, dict) else None
            try:
                values = np.array(data, dtype=np.float64).ravel()
            except (TypeError, ValueError, OverflowError):
                continue
            if values.size == len(self.labels):
                if not np.isfinite(values).all():
                    raise PictureError("the endpoint's outputs contain NaN or infinity")
                return values
            sizes.append(str(values.size))
        raise PictureError(
            f"the endpoint answers with {' and '.join(sizes) or 'no'} numbers, not one for each of "
            f"{len(self.labels)} labels"
        )

    def _probabilities_of(self, values: np.ndarray) -> np.ndarray:
        """Return outputs as probabilities: as they are where the first ones were; else they are logits."""
        import numpy as np

        within = bool(values.min() >= 0 and values.max() <= 1)
        if self._probabilities is None:
            self._probabilities = within and (self.multi_label or sums_to_one(values))
        if self._probabilities:
            if not within or not (self.multi_label or sums_to_one(values)):
                raise PictureError("the endpoint's outputs are not probabilities, as they were before")
            return values.astype(np.float32)
        if self.multi_label:
            return (0.5 * (1 + np.tanh(values / 2))).astype(np.float32)
        powers = np.exp(values - values.max())
        probabilities: np.ndarray = (powers / powers.sum()).astype(np.float32)
        return probabilities

    def _declared_input(self) -> _Input:
        """Return the input that the server declares.

        Raises:
            UserError: if it is none for one picture, or of another size than the image processor makes.
        """
        place = self._spec.place
        try:
            metadata = self._client.get(self._spec.url)
        except PictureError as error:
            raise UserError(f"{place}: {error}; check the URL, and whether the endpoint runs") from error
        inputs = metadata.get("inputs") if isinstance(metadata, dict) else None
        if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
            count = len(inputs) if isinstance(inputs, list) else "no"
            raise UserError(f"{place}: the endpoint declares {count} inputs; declare the one that takes the picture")
        name, datatype, shape = (inputs[0].get(key) for key in ("name", "datatype", "shape"))
        if datatype not in _DATATYPES:
            raise UserError(
                f"{place}: its input is of the type {one_line(str(datatype), 40)}; serve a model that takes "
                f"{', '.join(_DATATYPES)}"
            )
        sides = [_side(side) for side in shape] if isinstance(shape, list) else []
        at = _channels_at(sides)
        if at is None or not isinstance(name, str):
            raise UserError(
                f"{place}: its input has the shape {one_line(str(shape), 80)}; a picture has [batch, 3, height, width] "
                "or [batch, height, width, 3]"
            )
        size = (sides[2], sides[3]) if at == 1 else (sides[1], sides[2])
        made = self._processor.input_size
        if any(wanted not in (None, given) for wanted, given in zip(size, made, strict=True)):
            shown = " × ".join("any" if side is None else str(side) for side in size)
            raise UserError(
                f"{place}: its input is {shown} pixels, but the image processor makes {made[0]} × {made[1]}; "
                "give the one that the model was trained with"
            )
        return _Input(name, datatype, at == 3)


def _channels_at(sides: Sequence[int | None]) -> int | None:
    """Return which side of a shape counts the channels: one of 3, or else the usual one where it is open."""
    if len(sides) != 4:
        return None
    named = next((at for at in (1, 3) if sides[at] == 3), None)
    return 1 if named is None and sides[1] is None else named


def _side(side: object) -> int | None:
    """Return a side of a shape; None where it is open."""
    known = isinstance(side, int | float) and 0 < side < _LONGEST_SIDE
    return int(side) if known else None  # type: ignore[call-overload]  # it is a number
