"""The interface of every model under test."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from tierbench.suites.prompts import Prompts

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image


@runtime_checkable
class Classifier(Protocol):
    """A model that predicts the probability of each of its labels.

    Attributes:
        labels: the names of the classes, in the order of the model's outputs.
        fingerprint: changes whenever predictions could change: a hash over weights, config and preprocessing. None:
            nothing is known to change whenever they could, so predictions are not kept between runs.

    A classifier whose labels are not mutually exclusive (sigmoid outputs) also has the attribute `multi_label = True`;
    the score of a concept is then the largest probability of its labels, not their sum.

    A classifier that also has `predict_cropped(images)`, as in `TakesCropped`, gets corrupted pictures in the published
    geometry through it; only then its sweeps have an mCE.
    """

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the model's outputs."""

    @property
    def fingerprint(self) -> str | None:
        """A string that changes whenever predictions could change; None: predictions are not kept between runs."""

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, config, parameter count, preprocessing; JSON values only."""

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels.

        Args:
            images: RGB images of any size.

        Returns:
            Array of shape [n_images, n_labels], in [0, 1]; its rows sum to 1 unless `multi_label`.
        """


@runtime_checkable
class TakesCropped(Protocol):
    """A classifier that can leave out its own crop, which the published geometry of corruptions needs.

    The corrupted picture, a square of 224 px, goes to the model without another crop. If the model's input has another
    size, the picture is resized straight to that size, which `describe()` gives as `input_size`: [height, width].
    """

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, like `predict`, without a crop; arguments as there."""


@runtime_checkable
class Prepares(Protocol):
    """A classifier whose preprocessing can run in the threads that decode pictures, so that only small tensors wait."""

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Any]:
        """Return the function that makes the model's input of a picture; it is called in several threads at once.

        Args:
            cropped: as for `predict_cropped`; False: as for `predict`.
        """

    def predict_prepared(self, inputs: Sequence[Any]) -> np.ndarray:
        """Return the probabilities of the labels for inputs that `preparation` made.

        Their memory is used again after the call: keep a copy of what you need later.
        """


@runtime_checkable
class CopiesAhead(Protocol):
    """A classifier, as in `Prepares`, whose threads can also bring what they prepared to the device of the model."""

    def copy_ahead(self, prepared: Any) -> Any:
        """Return what `predict_prepared` takes in place of a prepared picture; it is called in several threads at once.

        Not for other processes, which must not use the device.
        """


@runtime_checkable
class Differentiable(Protocol):
    """A classifier whose logits have gradients with respect to the pixels that its preprocessing makes."""

    def pixels(self, image: Image.Image) -> torch.Tensor:
        """Return the model's input for a picture, float32, shape [channels, height, width].

        Raises:
            UserError: if the model takes more than pixels.
        """

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Return the logits of the labels, float32, shape [n_images, n_labels], on the device of the model.

        Args:
            pixels: shape [n_images, channels, height, width], in float32 and on any device.
        """


@runtime_checkable
class Verifies(Protocol):
    """A classifier that can tell before a run, and without its weights, whether it will be able to predict."""

    def verify(self) -> None:
        """Raise a `UserError` if the model cannot predict, as far as that can be told without its weights."""


@runtime_checkable
class Promptable(Protocol):
    """A model without labels of its own, which is asked for the concepts of each suite.

    It is a `Classifier` too, with no labels, whose `describe()` is its card and whose fingerprint covers no texts.
    """

    def for_concepts(
        self, concepts: Sequence[str], prompts: Prompts | None = None, kept: Path | None = None
    ) -> Classifier:
        """Return the classifier whose labels are the concepts; its fingerprint covers their texts.

        Args:
            concepts: the labels.
            prompts: the texts by which they are asked for; None: those of the model.
            kept: folder where the embeddings of texts are kept between runs; None: they are not.
        """


@dataclass(frozen=True, slots=True)
class Scores:
    """What a server says of a picture, perhaps not of all labels.

    Attributes:
        probabilities: shape [n_labels]; 0 for the labels that the answer lacks.
        ceiling: the largest probability that a label can have that the answer lacks; 0: it has all.
    """

    probabilities: np.ndarray
    ceiling: float = 0.0


@runtime_checkable
class AsksServer(Protocol):
    """A classifier that asks a server, one picture at a time and several at once."""

    @property
    def concurrency(self) -> int:
        """The number of pictures that may be asked for at once, from as many threads."""

    def ask(self, image: Image.Image, content: bytes | None, *, cropped: bool) -> Scores:
        """Return the scores of one picture.

        Args:
            image: the picture as it was opened.
            content: the bytes of its file; None if it was made in memory from another one.
            cropped: as for `predict_cropped`; False: as for `predict`.

        Raises:
            PictureError: if there is no answer for this picture.
            UserError: if there is none for any picture.
        """


class PreparingClassifier(ABC):
    """A classifier, as in `Prepares`, that predicts pictures by preparing them and predicting what that makes."""

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, float32, shape [n_images, n_labels]."""
        return self.predict_prepared([*map(self.preparation(cropped=False), images)])

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, without a crop; see `TakesCropped`."""
        return self.predict_prepared([*map(self.preparation(cropped=True), images)])

    @abstractmethod
    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Any]:
        """Return the function that makes the model's input of a picture; see `Prepares`."""

    @abstractmethod
    def predict_prepared(self, inputs: Sequence[Any]) -> np.ndarray:
        """Return the probabilities of the labels for prepared pictures; see `Prepares`."""


def preparation_of(classifier: Classifier) -> Prepares | None:
    """Return the classifier if its preprocessing can run in threads; None if its `predict` must be called.

    A subclass or an instance that replaces `predict` alone has reasons to be asked through it. Those that inherit it
    from `PreparingClassifier` may replace what that calls.
    """
    asked = ("predict", "predict_cropped")
    if not isinstance(classifier, Prepares) or not getattr(classifier, "__dict__", {}).keys().isdisjoint(asked):
        return None
    homes = {name: _home(type(classifier), name) for name in (*asked, "predict_prepared", "preparation")}
    inherited = all(homes[name] is PreparingClassifier for name in asked)
    return classifier if inherited or len(set(homes.values())) == 1 else None


def _home(kind: type, name: str) -> type | None:
    """Return the class, among a class and its bases, that a method is from."""
    return next((each for each in kind.__mro__ if name in vars(each)), None)
