"""Zero-shot models (CLIP, SigLIP and the like), and the classifier of its concepts that one becomes for a suite."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tierbench.common.errors import UserError
from tierbench.models.batches import copied_ahead
from tierbench.models.classifier import PreparingClassifier
from tierbench.models.dual_encoder import DualEncoder
from tierbench.models.inference import inference
from tierbench.models.text_embeddings import embedding_file, keep_embeddings, kept_embeddings
from tierbench.suites.prompts import Prompts

if TYPE_CHECKING:
    import numpy as np
    import torch
    from PIL import Image

    from tierbench.models.image_processor import Prepared

# That of the transformers pipeline.
DEFAULT_TEMPLATES: Final = ("This is a photo of {}.",)


class ZeroShotModel:
    """A model that gets its labels from each suite; see `Promptable`. As it is, it has none and cannot predict.

    Args:
        encoder: its weights.
    """

    labels: Sequence[str] = ()

    def __init__(self, encoder: DualEncoder) -> None:
        self.multi_label = encoder.is_siglip
        self.dtype = encoder.dtype
        self._encoder = encoder
        self.compilation = encoder.compilation

    def for_concepts(
        self, concepts: Sequence[str], prompts: Prompts | None = None, kept: Path | None = None
    ) -> PromptedClassifier:
        """Return the classifier whose labels are the concepts; it shares the loaded weights."""
        return PromptedClassifier(self._encoder, concepts, prompts or Prompts(), kept)

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, a hash over weights, config, preprocessing and tokenizer."""
        return self._encoder.files.fingerprint

    @property
    def device(self) -> str:
        """The device in use."""
        return self._encoder.device

    @property
    def backend(self) -> str:
        """What runs the model: `torch`, or `torch.compile`."""
        return self.compilation.backend

    def predict(self, images: Sequence[Image.Image]) -> np.ndarray:
        """Raise a `UserError`: without concepts there is nothing to predict."""
        raise UserError(
            f"{self._encoder.place}: is a zero-shot model, whose labels are the concepts of a suite; call "
            'for_concepts(["automobile", "ship"]) and predict with what it returns'
        )

    def verify(self) -> None:
        """Raise a `UserError` if its config, tokenizer or image processor cannot be used."""
        self._encoder.verify()

    def describe(self) -> dict[str, Any]:
        """Return the model card, whose labels are those of no suite yet."""
        return {**self._encoder.describe(), "labels": [], "templates": list(DEFAULT_TEMPLATES)}


class PromptedClassifier(PreparingClassifier):
    """A `Classifier` whose labels are concepts, each asked for by one or several texts.

    Args:
        encoder: the zero-shot model.
        concepts: the labels.
        prompts: their texts.
        kept: folder where text embeddings are kept between runs; None: they are not.
    """

    def __init__(self, encoder: DualEncoder, concepts: Sequence[str], prompts: Prompts, kept: Path | None) -> None:
        self.labels = tuple(concepts)
        self.texts = {concept: prompts.texts(concept, DEFAULT_TEMPLATES) for concept in concepts}
        self.multi_label = encoder.is_siglip
        self.dtype = encoder.dtype
        self._encoder = encoder
        self.compilation = encoder.compilation
        self._kept = kept

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, a hash over the model, the labels and their texts."""
        content = json.dumps([self._encoder.files.fingerprint, list(self.texts.items())])
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    @property
    def device(self) -> str:
        """The device in use."""
        return self._encoder.device

    @property
    def backend(self) -> str:
        """What runs the model: `torch`, or `torch.compile`."""
        return self.compilation.backend

    def describe(self) -> dict[str, Any]:
        """Return the model card with the labels and their texts."""
        texts = {concept: list(texts) for concept, texts in self.texts.items()}
        labels = {"labels": list(self.labels), "prompts": texts, "fingerprint": self.fingerprint}
        return {**self._encoder.describe(), **labels}

    def verify(self) -> None:
        """Raise a `UserError` if the model cannot be used, or a text is too long for it."""
        self._encoder.verify()
        self._encoder.tokens(self._distinct_texts)

    def preparation(self, *, cropped: bool) -> Callable[[Image.Image], Prepared]:
        """Return the function that makes the model's input of a picture; see `Prepares`."""
        return self._encoder.processor.preparation(cropped=cropped)

    def copy_ahead(self, prepared: Prepared) -> Prepared:
        """Return a prepared picture on the device of the model; see `CopiesAhead`."""
        return copied_ahead(prepared, self.device)

    def predict_prepared(self, inputs: Sequence[Prepared]) -> np.ndarray:
        """Return the probabilities of the labels for prepared pictures; see `Prepares`."""
        import torch

        scale, bias = self._encoder.scale_and_bias
        with inference():
            logits = self._encoder.embed_images(inputs) @ self._embeddings.T * scale + bias
            outputs = torch.sigmoid(logits) if self.multi_label else torch.softmax(logits, dim=-1)
        result: np.ndarray = outputs.cpu().numpy()
        return result

    @property
    def _distinct_texts(self) -> list[str]:
        return list(dict.fromkeys(text for texts in self.texts.values() for text in texts))

    @cached_property
    def _embeddings(self) -> torch.Tensor:
        """The embeddings of the labels: float32, shape [n_labels, width]."""
        file = None
        if self._kept is not None:
            file = embedding_file(self._kept, self.fingerprint, device=self.device, dtype=self.dtype)
            known = kept_embeddings(file, len(self.labels))
            if known is not None:
                return known.to(self.device)
        made = self._made_embeddings()
        if file is not None:
            keep_embeddings(file, made)
        return made

    def _made_embeddings(self) -> torch.Tensor:
        import torch

        texts = self._distinct_texts
        by_text = dict(zip(texts, self._encoder.embed_texts(texts), strict=True))
        means = [torch.stack([by_text[text] for text in own]).mean(dim=0) for own in self.texts.values()]
        return torch.nn.functional.normalize(torch.stack(means), dim=-1)
