"""The interface of every model under test."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


@runtime_checkable
class Classifier(Protocol):
    """A model that predicts the probability of each of its labels.

    Attributes:
        labels: the names of the classes, in the order of the model's outputs.
        fingerprint: changes whenever predictions could change: a hash over weights, config and preprocessing.

    A classifier whose labels are not mutually exclusive (sigmoid outputs) also has the attribute `multi_label = True`;
    the score of a concept is then the largest probability of its labels, not their sum.

    A classifier that also has `predict_cropped(images)`, as in `TakesCropped`, gets corrupted pictures in the published
    geometry through it; only then its sweeps have an mCE.
    """

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the model's outputs."""

    @property
    def fingerprint(self) -> str:
        """A string that changes whenever predictions could change."""

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, config, parameter count, preprocessing; JSON values only."""

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels.

        Args:
            images: RGB images of any size.

        Returns:
            Array of shape [n_images, n_labels], in [0, 1].
        """


@runtime_checkable
class TakesCropped(Protocol):
    """A classifier that can leave out its own crop, which the published geometry of corruptions needs.

    The corrupted picture, a square of 224 px, goes to the model without another crop. If the model's input has another
    size, the picture is resized straight to that size, which `describe()` gives as `input_size`: [height, width].
    """

    def predict_cropped(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels, like `predict`, without a crop; arguments as there."""


def is_multi_label(classifier: Classifier) -> bool:
    """Return whether the labels of the classifier are not mutually exclusive."""
    return bool(getattr(classifier, "multi_label", False))
