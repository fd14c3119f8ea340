"""Tiny zero-shot models with seeded random weights, each with a tokenizer and an image processor, made offline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import (
    AlignConfig,
    AlignModel,
    AltCLIPConfig,
    AltCLIPModel,
    BlipConfig,
    BlipModel,
    ChineseCLIPConfig,
    ChineseCLIPModel,
    CLIPConfig,
    CLIPImageProcessorPil,
    CLIPModel,
    CLIPSegConfig,
    CLIPSegModel,
    EfficientNetImageProcessorPil,
    MetaClip2Config,
    MetaClip2Model,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessorPil,
    Siglip2Model,
    SiglipConfig,
    SiglipImageProcessorPil,
    SiglipModel,
    Tipsv2Config,
    Tipsv2Model,
)

from tierbench.models.quiet import quiet_transformers

SIDE: Final = 32
_SPECIAL = ["<pad>", "<bos>", "<eos>", "<unk>"]
_CORPUS = ["This is a photo of an automobile.", "a picture of a ship at sea in fog", "two birds", "a house"]
_VOCABULARY = 320
# With these, cosines of random embeddings become probabilities that are far from 0 and 1.
_LAST = {"logit_scale": 2.0, "logit_bias": -1.0, "temperature": 0.2}
_TEXT: dict[str, Any] = {
    "vocab_size": _VOCABULARY,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 72,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
_IMAGE: dict[str, Any] = {
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "image_size": SIDE,
    "patch_size": 8,
}


def tokenizer() -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer that was trained on four sentences and so reads any text."""
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY, special_tokens=_SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    made.train_from_iterator(_CORPUS, trainer)
    made.post_processor = processors.TemplateProcessing(
        single="<bos> $A <eos>", special_tokens=[("<bos>", 1), ("<eos>", 2)]
    )
    pad, bos, eos, unk = _SPECIAL
    return PreTrainedTokenizerFast(
        tokenizer_object=made, pad_token=pad, bos_token=bos, eos_token=eos, unk_token=unk, model_max_length=64
    )


def _clip_processor() -> Any:
    return CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})


def _square(kind: Any = SiglipImageProcessorPil) -> Any:
    return kind(size={"height": SIDE, "width": SIDE})


def _align() -> Any:
    image = {"image_size": SIDE, "hidden_dim": 16, "width_coefficient": 0.1, "depth_coefficient": 0.1}
    text = {**_TEXT, "type_vocab_size": 2}
    return AlignModel(AlignConfig(text_config=text, vision_config=image, projection_dim=32))


def _altclip() -> Any:
    text = {**_TEXT, "project_dim": 16, "max_position_embeddings": 80}
    return AltCLIPModel(AltCLIPConfig(text_config=text, vision_config=_IMAGE, projection_dim=16))


def _blip() -> Any:
    text = {**_TEXT, "encoder_hidden_size": 16}
    return BlipModel(BlipConfig(text_config=text, vision_config=_IMAGE, projection_dim=16, image_text_hidden_size=16))


def _siglip2() -> Any:
    image = {name: value for name, value in _IMAGE.items() if name != "image_size"}
    return Siglip2Model(
        Siglip2Config(text_config={**_TEXT, "projection_size": 16}, vision_config={**image, "num_patches": 16})
    )


def _tipsv2() -> Any:
    return Tipsv2Model(Tipsv2Config(text_config=_TEXT, vision_config=_IMAGE))


def _like_clip(config: Any, model: Any, **more: Any) -> Callable[[], Any]:
    return lambda: model(config(text_config=_TEXT, vision_config=_IMAGE, projection_dim=16, **more))


# Type → what makes the model, and what makes its image processor.
KINDS: Final[Mapping[str, tuple[Callable[[], Any], Callable[[], Any]]]] = {
    "align": (_align, lambda: _square(EfficientNetImageProcessorPil)),
    "altclip": (_altclip, _clip_processor),
    "blip": (_blip, _clip_processor),
    "chinese_clip": (_like_clip(ChineseCLIPConfig, ChineseCLIPModel), _clip_processor),
    "clip": (_like_clip(CLIPConfig, CLIPModel), _clip_processor),
    "clipseg": (_like_clip(CLIPSegConfig, CLIPSegModel), _clip_processor),
    "metaclip_2": (_like_clip(MetaClip2Config, MetaClip2Model), _clip_processor),
    "siglip": (lambda: SiglipModel(SiglipConfig(text_config=_TEXT, vision_config=_IMAGE)), _square),
    "siglip2": (_siglip2, lambda: Siglip2ImageProcessorPil(patch_size=8, max_num_patches=16)),
    "tipsv2": (_tipsv2, _square),
}


def save_zero_shot(folder: Path, model_type: str = "clip") -> Path:
    """Write a tiny model of a type, its tokenizer and its image processor."""
    torch.manual_seed(20261126)
    make_model, make_processor = KINDS[model_type]
    model = make_model().eval()
    with torch.no_grad():
        for name, weights in model.named_parameters():
            if name in _LAST:
                weights.fill_(_LAST[name])
            elif weights.ndim > 1:
                weights.normal_(std=0.3)
    with quiet_transformers():
        model.save_pretrained(folder)
        tokenizer().save_pretrained(folder)
        make_processor().save_pretrained(folder)
    return folder
