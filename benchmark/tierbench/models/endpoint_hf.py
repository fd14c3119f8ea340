"""A classifier behind a server that speaks Hugging Face's protocol: a picture is sent, labels with scores come back."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tierbench.common.errors import UserError
from tierbench.common.images import PictureError
from tierbench.common.text import listed, one_line, printable
from tierbench.models.classifier import Scores
from tierbench.models.endpoint_client import EndpointClient, UnavailableError
from tierbench.models.endpoint_spec import EndpointSpec

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image

# More labels than any model has; a pipeline gives as many as there are.
_ALL = 100_000
_SUM_TOLERANCE = 0.01
# Scores of the grey picture whose sum is so near to 1 are those of all labels.
_ALL_THERE = 1e-4
# Scores are sent with six digits or more.
_ROUNDING = 1e-6
_NUMBERED = re.compile(r"LABEL_(\d+)")
_NAME_THEM = "write the names of all its classes, one per line, into a file for --robust-labels (tierbench: --labels)"

# Label and score.
Entry = tuple[str, float]


class HfEndpoint:
    """A `Classifier` that asks a server; see `AsksServer`.

    Opening it asks for a grey picture, which tells whether the server is there, how it wants pictures, and what its
    labels are where nothing else does.

    Args:
        spec: what was asked for.
        url: where pictures are sent.
        client: sends them.
        labels: the names of the classes; None: those that the answer has.
        multi_label: whether the scores are sigmoids; None: as their sum in the first answer says.
        concurrency: number of requests at once.

    Raises:
        UserError: if it does not answer, its labels are not known, or they are not those that were given.
    """

    device = "remote"
    dtype = ""

    def __init__(
        self,
        spec: EndpointSpec,
        url: str,
        client: EndpointClient,
        labels: Sequence[str] | None,
        multi_label: bool | None,
        concurrency: int,
    ) -> None:
        self._spec = spec
        self._url = url
        self._client = client
        self.concurrency = concurrency
        # Whether pictures are sent alone, without the wish for all labels.
        self._plain = False
        self._asked = len(labels) if labels else _ALL
        entries = self._probed()
        self.labels = tuple(labels) if labels else self._labels_of(entries)
        total = sum(score for _, score in entries)
        by_sum = total > 1 + _SUM_TOLERANCE or (len(entries) == len(self.labels) and total < 1 - _SUM_TOLERANCE)
        self.multi_label = by_sum if multi_label is None else multi_label
        self._asked = len(self.labels)
        self._places: dict[str, list[int]] = {}
        for index, label in enumerate(self.labels):
            self._places.setdefault(label, []).append(index)
        try:
            self._scores(entries)
        except PictureError as error:
            raise UserError(f"{spec.place}: {error}; check the labels and the URL") from error

    @property
    def fingerprint(self) -> str | None:
        """A hash over URL, version and labels; None where the user stated no version."""
        if not self._spec.version:
            return None
        parts = ("hf", self._url, self._spec.version, str(self._plain), *self.labels)
        return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]

    def describe(self) -> dict[str, Any]:
        """Return the model card; most of it is not known."""
        return {
            "architecture": self._spec.hub_model or None,
            "parameters": None,
            "file_size": None,
            "labels": list(self.labels),
            "outputs": "sigmoid" if self.multi_label else "softmax",
            "preprocessing": {},
            "config": {},
            "spec": self._spec.spec,
            "fingerprint": self.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
            "backend": "remote",
            "protocol": "hf",
            "version": self._spec.version,
            "unknown": ["architecture", "parameters", "file_size", "preprocessing", "input_size", "dtype"],
        }

    def verify(self) -> None:
        """Do nothing: opening it has asked it."""

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, float32; a label that an answer lacks has 0."""
        import numpy as np

        return np.stack([self.ask(image, None, cropped=False).probabilities for image in images])

    def ask(self, image: Image.Image, content: bytes | None, *, cropped: bool) -> Scores:
        """Return the scores of one picture; see `AsksServer`. The server crops all pictures alike."""
        return self._scores(self._entries(content or _png(image)))

    def _probed(self) -> list[Entry]:
        """Return the answer for a grey picture, and note in which form the server takes pictures."""
        from PIL import Image

        grey = _png(Image.new("RGB", (224, 224), (128, 128, 128)))
        try:
            return self._entries(grey)
        except PictureError as error:
            problem = UserError(f"{self._spec.place}: {error}; check the URL, and whether the endpoint runs")
            if isinstance(error, UnavailableError):
                raise problem from error
        # Perhaps a server of the user's own, which takes pictures but no wishes.
        self._plain = True
        try:
            return self._entries(grey)
        except PictureError:
            raise problem from None

    def _entries(self, content: bytes) -> list[Entry]:
        if self._plain:
            answer = self._client.post(self._url, content, _media_type(content))
        else:
            wish = {"inputs": base64.b64encode(content).decode("ascii"), "parameters": {"top_k": self._asked}}
            answer = self._client.post(self._url, json.dumps(wish).encode(), "application/json")
        return _read_entries(answer)

    def _labels_of(self, entries: Sequence[Entry]) -> tuple[str, ...]:
        """Return the labels of a model that nothing but its answer names.

        Raises:
            UserError: if the answer may lack some, or they are only numbered.
        """
        names = sorted(label for label, _ in entries)
        total = sum(score for _, score in entries)
        if all(_NUMBERED.fullmatch(name) for name in names):
            raise UserError(f"{self._spec.place}: its labels are only {listed(names, 2)}; {_NAME_THEM}")
        if abs(total - 1) > _ALL_THERE:
            raise UserError(
                f"{self._spec.place}: the endpoint answers with {len(names)} labels only, and may have others; "
                f"{_NAME_THEM}"
            )
        return tuple(names)

    def _scores(self, entries: Sequence[Entry]) -> Scores:
        """Return the scores in the order of the labels, with what is known of those that are missing.

        Raises:
            PictureError: if they are not scores of these labels.
        """
        import numpy as np

        # Rounded first, so that a bound is never above or below the score that it comes from.
        values = np.zeros(len(self.labels), dtype=np.float32)
        free = {label: iter(places) for label, places in self._places.items()}
        for label, score in entries:
            name = self._named(label)
            place = next(free[name], None) if name in free else None
            if place is None:
                known = name in free
                what = "twice" if known and len(self._places[name]) == 1 else "too often"
                raise PictureError(
                    f"the endpoint answers with the label {one_line(label, 60)!r} "
                    + (what if known else "which is not among its labels")
                )
            values[place] = score
        missing, total = len(self.labels) - len(entries), float(values.sum(dtype=np.float64))
        smallest = min((float(np.float32(score)) for _, score in entries), default=1.0)
        if self.multi_label:
            return Scores(values, smallest if missing else 0.0)
        rest = 1 - total
        if rest < -_SUM_TOLERANCE or rest > missing * smallest + _SUM_TOLERANCE:
            raise PictureError(
                f"the endpoint's scores sum to {total:.3g}, and with {missing} missing labels that cannot be 1"
                if missing
                else f"the endpoint's scores sum to {total:.3g}, not to 1"
            )
        ceiling = min(smallest, max(0.0, rest) + _ROUNDING) if missing else 0.0
        return Scores(values, ceiling)

    def _named(self, label: str) -> str:
        """Return the name that was given to a numbered label."""
        match = _NUMBERED.fullmatch(label)
        if match and label not in self._places and int(match[1]) < len(self.labels):
            return self.labels[int(match[1])]
        return label


def _read_entries(answer: object) -> list[Entry]:
    """Return the labels with their scores, best first.

    Raises:
        PictureError: if the answer has another form.
    """
    if isinstance(answer, list) and len(answer) == 1 and isinstance(answer[0], list):
        # Some servers take a picture for a batch of one.
        answer = answer[0]
    if isinstance(answer, dict) and isinstance(answer.get("error"), str):
        raise PictureError(f"the endpoint answers: {one_line(answer['error'])}")
    if not isinstance(answer, list) or not answer:
        raise PictureError("the endpoint's answer is not a list of labels with scores")
    entries = []
    for entry in answer:
        label, score = (entry.get("label"), entry.get("score")) if isinstance(entry, dict) else (None, None)
        if not isinstance(label, str) or isinstance(score, bool) or not isinstance(score, int | float):
            raise PictureError("the endpoint's answer is not a list of labels with scores")
        # False for NaN, too; a whole number may be too large for a float.
        if not -1e-3 <= score <= 1 + 1e-3:
            raise PictureError(
                f"the endpoint's score of {one_line(label, 60)!r} is {one_line(str(score), 20)}, not a probability"
            )
        entries.append((printable(label), min(1.0, max(0.0, float(score)))))
    return sorted(entries, key=lambda entry: -entry[1])


def _png(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def _media_type(content: bytes) -> str:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content)) as image:
            return Image.MIME.get(image.format or "", "application/octet-stream")
    except Exception:
        # Pillow raises all kinds of errors on broken data, which the server may still read.
        return "application/octet-stream"
