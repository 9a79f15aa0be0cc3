"""Small models of the real classes with random weights, saved as published ones are.

Their processors and tokenizers are the real ones too, on vocabularies of a few entries.
"""

from __future__ import annotations

import string
from pathlib import Path

import torch
import transformers

SIDE = 64
CONTEXT = 16
"""Tokens that CLIP's text encoders take here; 77 in the published ones."""


def save_clipseg(folder: Path, seed: int = 0) -> Path:
    """CLIPSeg with two layers."""
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    config = transformers.CLIPSegConfig(
        text_config=_clip_text(small),
        vision_config=small | {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 16},
        projection_dim=16,
        extract_layers=[0, 1],
        reduce_dim=8,
        decoder_num_attention_heads=2,
        decoder_intermediate_size=16,
    )
    torch.manual_seed(seed)
    model = transformers.CLIPSegForImageSegmentation(config)
    enliven(model)
    model.save_pretrained(folder)
    images = transformers.ViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    processor = transformers.CLIPSegProcessor(images, clip_tokenizer())
    processor.save_pretrained(folder)
    return folder


def enliven(model: torch.nn.Module, spread: float = 0.3) -> None:
    """Larger random weights: freshly made ones leave hardly any trace of the input."""
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.normal_(std=spread)


def clip_tokenizer() -> transformers.CLIPTokenizer:
    """CLIP's tokenizer with letters for its vocabulary."""
    letters = [*string.ascii_lowercase, *string.digits, ",", "."]
    entries = [*letters, *(letter + "</w>" for letter in letters)]
    entries += ["<|startoftext|>", "<|endoftext|>"]
    vocabulary = {entry: number for number, entry in enumerate(entries)}
    return transformers.CLIPTokenizer(vocab=vocabulary, merges=[], model_max_length=CONTEXT)


def _clip_text(small: dict[str, int]) -> dict[str, int]:
    tokenizer = clip_tokenizer()
    return small | {
        "num_attention_heads": 2,
        "vocab_size": len(tokenizer),
        "max_position_embeddings": CONTEXT,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }
