"""What every model under test can do, whatever it is made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from PIL import Image


@runtime_checkable
class Classifier(Protocol):
    """A model that says of each image how probable each of its labels is.

    Attributes:
        labels: the names of the classes, in the order of the model's outputs.
        fingerprint: changes whenever the predictions could: a hash over weights, config and preprocessing.

    A classifier whose labels do not exclude each other (sigmoid outputs) has a further attribute
    `multi_label = True`; the score of a concept is then its largest label's, not their sum.
    """

    @property
    def labels(self) -> Sequence[str]:
        """The names of the classes, in the order of the model's outputs."""

    @property
    def fingerprint(self) -> str:
        """A text that changes whenever the predictions could."""

    def describe(self) -> dict[str, Any]:
        """Return the model card: architecture, config, parameter count, preprocessing; JSON values only."""

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Return the probabilities of the labels.

        Args:
            images: RGB images of any size.

        Returns:
            Array of shape [n_images, n_labels], in [0, 1].
        """


def is_multi_label(classifier: Classifier) -> bool:
    """Whether the labels of the classifier do not exclude each other."""
    return bool(getattr(classifier, "multi_label", False))
