"""Ask where in a picture the scores of labels come from: by gradients, or by occlusion where a model gives none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tierbench.common.errors import UserError
from tierbench.models.attribution import GRADIENTS, OCCLUSION, Attribution
from tierbench.models.classifier import Classifier, Differentiable
from tierbench.models.inference import is_out_of_memory
from tierbench.models.input_box import Box, input_box

if TYPE_CHECKING:
    from PIL import Image


class Explainer:
    """Explains the scores of one model.

    Nothing is drawn at random: the same model and picture have the same maps.

    Args:
        classifier: the model.
        batch_size: the number of pictures that it is asked for at once.
    """

    def __init__(self, classifier: Classifier, batch_size: int = 16) -> None:
        self._classifier = classifier
        self._batch_size = batch_size
        # Size of a picture → what the model sees of it; None: its input has not the geometry of a picture.
        self._boxes: dict[tuple[int, int], Box | None] = {}

    def explain(self, image: Image.Image, labels: Sequence[int]) -> Attribution:
        """Return the maps of labels.

        By integrated gradients where the classifier is `Differentiable` and its input is a part of the picture, neither
        turned nor cut; else by occlusion of the picture before its preprocessing.

        Args:
            image: the picture, RGB.
            labels: indices of labels.

        Raises:
            UserError: if the model cannot be asked at all; a model may also raise anything else.
        """
        while True:
            try:
                return self._explain(image, labels)
            except Exception as error:
                if self._batch_size == 1 or not is_out_of_memory(error):
                    raise
            # Outside of the handler: the error keeps the frames of the failed call alive, and with them their memory.
            self._batch_size //= 2

    def _explain(self, image: Image.Image, labels: Sequence[int]) -> Attribution:
        model = self._classifier
        if isinstance(model, Differentiable) and (box := self._box(model, image.size)) is not None:
            # Imported here, because both import torch.
            from tierbench.models.gradient_maps import gradient_maps

            return Attribution(GRADIENTS, gradient_maps(model, image, labels, self._batch_size), box)
        from tierbench.models.occlusion_maps import occlusion_maps

        return Attribution(OCCLUSION, occlusion_maps(model, image, labels, self._batch_size))

    def _box(self, model: Differentiable, size: tuple[int, int]) -> Box | None:
        if size not in self._boxes:
            try:
                self._boxes[size] = input_box(model.pixels, size)
            except UserError:
                # It takes more than pixels.
                self._boxes[size] = None
        return self._boxes[size]
