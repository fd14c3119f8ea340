"""The encoders of a zero-shot model (CLIP, SigLIP and the like), which make embeddings of pictures and of texts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

from tierbench.common.errors import UserError
from tierbench.common.text import first_line, one_line
from tierbench.models.batches import batches
from tierbench.models.compilation import Compilation
from tierbench.models.device import resolve_device
from tierbench.models.image_processor import ImageProcessor
from tierbench.models.inference import inference
from tierbench.models.preprocessing_steps import preprocessing_steps
from tierbench.models.pretrained import load_pretrained
from tierbench.models.quiet import quiet_transformers
from tierbench.models.zero_shot_files import ZeroShotFiles, read_zero_shot_folder

if TYPE_CHECKING:
    import torch

    from tierbench.models.image_processor import Prepared

# The text of SigLIP is always as long as in its training, in the pipeline too.
_SIGLIP_TEXT: Final = {"padding": "max_length", "max_length": 64, "truncation": True}
# Number of texts that are embedded at once.
_TEXTS = 256


class DualEncoder:
    """Makes embeddings of pictures and texts that can be compared; the weights are loaded at first use.

    Args:
        files: a checked folder.
        device: `auto`, `cpu`, `cuda` or `mps`.
        dtype: `float32`, `float16` or `bfloat16`.
    """

    def __init__(self, files: ZeroShotFiles, *, device: str = "auto", dtype: str = "float32") -> None:
        self.files = files
        self._device = device
        self.dtype = dtype
        # Of the pictures; texts are few.
        self.compilation = Compilation(fixed=True)
        self.place = f"model {one_line(files.spec)!r}"
        self.processor = ImageProcessor(files.folder, self.place)

    @property
    def is_siglip(self) -> bool:
        """Whether the outputs are sigmoids, by the rule of the transformers pipeline."""
        return "siglip" in self.files.model_type

    @cached_property
    def device(self) -> str:
        """The device in use; for `cpu`, torch is not imported if that can be avoided.

        Raises:
            UserError: if the requested device is not available.
        """
        return resolve_device(self._device)

    def verify(self) -> None:
        """Raise a `UserError` if its config, tokenizer or image processor cannot be used."""
        _ = self.config, self.tokenizer, self.processor.input_size

    def describe(self) -> dict[str, Any]:
        """Return what the card of a model says of it, without labels."""
        model, config = self.model, self.config.to_diff_dict()
        encoders = {"image": self.config.vision_config, "text": self.config.text_config}
        card: dict[str, Any] = {
            "architecture": type(model).__name__,
            "parameters": sum(tensor.numel() for tensor in model.parameters()),
            "file_size": self.files.file_size,
            "outputs": "sigmoid" if self.is_siglip else "softmax",
            "depths": {name: getattr(part, "num_hidden_layers", None) for name, part in encoders.items()},
            "widths": {name: getattr(part, "hidden_size", None) for name, part in encoders.items()},
            "preprocessing": self.processor.loaded.to_dict(),
            "steps": preprocessing_steps(self.processor.loaded.to_dict()),
            "input_size": list(self.processor.input_size),
            "config": {name: value for name, value in config.items() if name not in {"transformers_version", "dtype"}},
            "spec": self.files.spec,
            "fingerprint": self.files.fingerprint,
            "device": self.device,
            "dtype": self.dtype,
            "file_dtype": self.files.file_dtype,
            "backend": self.compilation.backend,
            "unknown": [],
        }
        plain: dict[str, Any] = json.loads(json.dumps(card, default=str))
        return plain

    @cached_property
    def config(self) -> Any:
        """The config of transformers."""
        with quiet_transformers():
            from transformers import AutoConfig

            try:
                return AutoConfig.from_pretrained(self.files.folder, local_files_only=True, trust_remote_code=False)
            except Exception as error:
                raise UserError(
                    f"{self.place}: transformers cannot read its config.json ({first_line(error)})"
                ) from error

    @cached_property
    def tokenizer(self) -> Any:
        """The tokenizer of transformers."""
        with quiet_transformers():
            from transformers import AutoTokenizer

            try:
                return AutoTokenizer.from_pretrained(self.files.folder, local_files_only=True, trust_remote_code=False)
            except Exception as error:
                raise UserError(
                    f"{self.place}: transformers cannot load its tokenizer ({first_line(error)}); "
                    "save the model's own tokenizer into the folder"
                ) from error

    @cached_property
    def model(self) -> Any:
        """The model of transformers with its weights."""
        # The first import of transformers, which is a quiet one.
        files, config = self.files, self.config
        from transformers import AutoModelForZeroShotImageClassification as Auto

        loaded = load_pretrained(Auto, files.folder, self.place, "a zero-shot model", config=config, dtype=self.dtype)
        if read_zero_shot_folder(files.folder, files.spec).fingerprint != files.fingerprint:
            raise UserError(f"{self.place}: its files changed while the run was going on; run again")
        return loaded.to(device=self.device)

    def tokens(self, texts: Sequence[str]) -> Any:
        """Return the tokens of texts, as the transformers pipeline makes them.

        Raises:
            UserError: if a text is too long for the model.
        """
        options = _SIGLIP_TEXT if self.is_siglip else {"padding": True}
        with quiet_transformers():
            try:
                tokens = self.tokenizer(list(texts), return_tensors="pt", **options)
            except Exception as error:
                raise UserError(
                    f"{self.place}: its tokenizer cannot read the prompts ({first_line(error)}); "
                    "save the model's own tokenizer into the folder"
                ) from error
        most = getattr(self.config.text_config, "max_position_embeddings", None)
        length = tokens["input_ids"].shape[1]
        if most is not None and length > most:
            longest = max(texts, key=len)
            raise UserError(
                f"{self.place}: the text {one_line(longest, 60)!r} has {length} tokens, more than the {most} that the "
                "model reads; shorten it in [prompts] of suite.toml"
            )
        return tokens

    def embed_texts(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the embeddings of texts, of length 1: float32, shape [n_texts, width]."""
        import torch

        parts = []
        for start in range(0, len(texts), _TEXTS):
            tokens = self.tokens(texts[start : start + _TEXTS]).to(self.device)
            with inference():
                parts.append(_unit(self.model.get_text_features(**tokens)))
        return torch.cat(parts)

    def embed_images(self, inputs: Sequence[Prepared]) -> torch.Tensor:
        """Return the embeddings of prepared pictures, of length 1: float32, shape [n_images, width]."""
        import torch

        rows: dict[int, torch.Tensor] = {}
        for places, batch in batches(inputs, self.device, getattr(torch, self.dtype)):
            # Loaded outside of inference mode.
            model = self.model
            with inference():
                rows.update(zip(places, self.compilation.run(model, _image_features, batch, _unit), strict=True))
        return torch.stack([rows[place] for place in range(len(inputs))])

    @cached_property
    def scale_and_bias(self) -> tuple[torch.Tensor, torch.Tensor | float]:
        """What turns the cosine of two embeddings into a logit."""
        model = self.model
        scale = getattr(model, "logit_scale", None)
        # ALIGN and TIPS have a temperature instead.
        factor = 1 / model.temperature.detach().float() if scale is None else scale.detach().float().exp()
        bias = getattr(model, "logit_bias", None)
        return factor, 0.0 if bias is None else bias.detach().float()


def _image_features(model: Any, **batch: torch.Tensor) -> torch.Tensor:
    features = model.get_image_features(**batch)
    pooled: torch.Tensor = getattr(features, "pooler_output", features)
    return pooled


def _unit(features: Any) -> torch.Tensor:
    """Return features of length 1; transformers returns them alone or as the pooled output."""
    import torch

    return torch.nn.functional.normalize(getattr(features, "pooler_output", features).float(), dim=-1)
