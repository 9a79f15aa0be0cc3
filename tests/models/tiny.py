"""Small models of the real classes with random weights, saved as published ones are.

Their processors and tokenizers are the real ones too, on vocabularies of a few entries.
"""

from __future__ import annotations

import json
import string
from itertools import pairwise
from pathlib import Path

import torch
import transformers
from transformers.convert_slow_tokenizer import bytes_to_unicode

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


def save_clip(folder: Path, seed: int = 0) -> Path:
    """CLIP with two layers a tower."""
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    config = transformers.CLIPConfig(
        text_config=_clip_text(small),
        vision_config=small | {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 16},
        projection_dim=16,
    )
    torch.manual_seed(seed)
    model = transformers.CLIPModel(config)
    enliven(model)
    model.save_pretrained(folder)
    images = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}
    )
    transformers.CLIPProcessor(images, clip_tokenizer()).save_pretrained(folder)
    return folder


TEMPLATE = (
    "{% for message in messages %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endfor %}<answer>"
)
"""A chat template: pictures and words as they come, then the mark behind which a model writes."""


def save_llava(folder: Path, answer: tuple[str, ...]) -> Path:
    """LLaVA on a CLIP and a Llama of one layer that writes one answer, whatever it is shown.

    Each piece of the answer is one token. The layer adds nothing to what it is given, and the last
    matrix leads from each token to the one that follows it.
    """
    tokenizer = chat_tokenizer(answer)
    size, side = 64, SIDE
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
            image_size=side, patch_size=16,
        ),
        text_config=transformers.LlamaConfig(
            vocab_size=len(tokenizer), hidden_size=size, intermediate_size=32,
            num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=2,
            max_position_embeddings=4096, eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id, tie_word_embeddings=False,
        ),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-1, image_seq_length=(side // 16) ** 2,
    )  # fmt: skip
    torch.manual_seed(0)
    model = transformers.LlavaForConditionalGeneration(config)
    enliven(model)
    written = tokenizer.convert_tokens_to_ids(["<answer>", *answer, tokenizer.eos_token])
    with torch.no_grad():
        layer = model.model.language_model.layers[0]
        layer.self_attn.o_proj.weight.zero_()
        layer.mlp.down_proj.weight.zero_()
        embeddings = model.get_input_embeddings().weight
        model.lm_head.weight.zero_()
        for number, (before, after) in enumerate(pairwise(written)):
            embeddings[before] = torch.nn.functional.one_hot(torch.tensor(number), size)
            model.lm_head.weight[after] = embeddings[before]
    model.save_pretrained(folder)
    images = transformers.CLIPImageProcessorPil(
        size={"shortest_edge": side}, crop_size={"height": side, "width": side}
    )
    transformers.LlavaProcessor(
        images, tokenizer, patch_size=16, vision_feature_select_strategy="default",
        chat_template=TEMPLATE, num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def chat_tokenizer(pieces: tuple[str, ...]) -> transformers.PreTrainedTokenizerFast:
    """Bytes for its vocabulary, the marks of a chat, and some pieces of text as a token each."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {entry: n for n, entry in enumerate(sorted(bytes_to_unicode().values()))}
    inner = Tokenizer(models.BPE(vocabulary, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="</s>", extra_special_tokens={"image_token": "<image>"}
    )
    tokenizer.add_tokens(["<answer>"], special_tokens=True)
    tokenizer.add_tokens([AddedToken(piece, normalized=False) for piece in pieces])
    return tokenizer


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


def save_grounding_dino(folder: Path, seed: int = 0) -> Path:
    """Grounding DINO on a Swin and a BERT of one layer a stage."""
    tokenizer = bert_tokenizer()
    config = transformers.GroundingDinoConfig(
        backbone_config=transformers.SwinConfig(
            image_size=SIDE, embed_dim=8, depths=[1, 1, 1, 1], num_heads=[1, 2, 2, 2],
            window_size=2, out_indices=[2, 3, 4],
        ),
        text_config=transformers.BertConfig(
            vocab_size=len(tokenizer), hidden_size=16, num_hidden_layers=1,
            num_attention_heads=2, intermediate_size=16, max_position_embeddings=64,
        ),
        num_queries=12, encoder_layers=1, decoder_layers=2, d_model=32,
        encoder_ffn_dim=16, decoder_ffn_dim=16,
        encoder_attention_heads=2, decoder_attention_heads=2, max_text_len=48,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = transformers.GroundingDinoForObjectDetection(config)
    enliven(model)
    model.save_pretrained(folder)
    images = transformers.GroundingDinoImageProcessorPil(
        size={"shortest_edge": SIDE, "longest_edge": 2 * SIDE}
    )
    transformers.GroundingDinoProcessor(images, tokenizer).save_pretrained(folder)
    return folder


def bert_tokenizer() -> transformers.BertTokenizer:
    """BERT's tokenizer with letters for its vocabulary, and its marks where they always are."""
    places = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: "."}
    letters = [*string.ascii_lowercase, *(f"##{c}" for c in string.ascii_lowercase)]
    places |= {200 + number: letter for number, letter in enumerate(letters)}
    vocabulary = {places.get(n, f"[unused{n}]"): n for n in range(1030)}
    return transformers.BertTokenizer(vocab=vocabulary, model_max_length=48)


def save_sam2(folder: Path, seed: int = 0) -> Path:
    """SAM 2 on a Hiera of one block a stage."""
    backbone = transformers.Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[SIDE, SIDE],
        blocks_per_stage=[1, 1, 2, 1], embed_dim_per_stage=[8, 16, 32, 64],
        num_attention_heads_per_stage=[1, 2, 2, 2], window_size_per_stage=[4, 4, 2, 2],
        global_attention_blocks=[3], window_positional_embedding_background_size=[4, 4],
    )  # fmt: skip
    vision = transformers.Sam2VisionConfig(
        backbone_config=backbone,
        backbone_channel_list=[64, 32, 16, 8],
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]],
        fpn_hidden_size=32,
    )
    config = transformers.Sam2Config(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": SIDE, "patch_size": 16},
        mask_decoder_config={
            "hidden_size": 32,
            "mlp_dim": 32,
            "num_attention_heads": 2,
            "iou_head_hidden_dim": 16,
        },
    )
    torch.manual_seed(seed)
    model = transformers.Sam2Model(config)
    enliven(model, 0.2)
    model.save_pretrained(folder)
    save_square(folder, "Sam2ImageProcessor", (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    return folder


def save_sam3(folder: Path, seed: int = 0) -> Path:
    """SAM 3 with one layer of everything."""
    head = {"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 16, "num_layers": 1}
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    config = transformers.Sam3Config(
        vision_config=transformers.Sam3VisionConfig(
            backbone_config=transformers.Sam3ViTConfig(
                **small, num_attention_heads=2, image_size=SIDE, patch_size=8,
                window_size=4, global_attn_indexes=[0], pretrain_image_size=32,
            ),
            fpn_hidden_size=16,
            backbone_feature_sizes=[[32, 32], [16, 16], [8, 8]],
        ),
        text_config=transformers.CLIPTextConfig(**_clip_text(small), projection_dim=16),
        geometry_encoder_config=head,
        detr_encoder_config=head,
        detr_decoder_config=head | {"num_queries": 6},
        mask_decoder_config={"hidden_size": 16, "num_attention_heads": 2},
    )  # fmt: skip
    torch.manual_seed(seed)
    model = transformers.Sam3Model(config)
    enliven(model)
    model.save_pretrained(folder)
    clip_tokenizer().save_pretrained(folder)
    save_square(folder, "Sam3ImageProcessor", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    return folder


def save_square(folder: Path, kind: str, mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    """The file that the image processor of SAM 2 and SAM 3 saves, which needs torchvision."""
    values = {
        "image_processor_type": kind,
        "size": {"height": SIDE, "width": SIDE},
        "image_mean": list(mean),
        "image_std": list(std),
        "rescale_factor": 1 / 255,
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(values))


def save_florence2(folder: Path, seed: int = 0) -> Path:
    """Florence-2 on a DaViT and a BART of one layer a stage; it writes mostly places."""
    tokenizer = florence_tokenizer()
    config = transformers.Florence2Config(
        vision_config=transformers.Florence2VisionConfig(
            depths=[1, 1, 1, 1], embed_dim=[8, 16, 16, 16], num_heads=[1, 2, 2, 2],
            num_groups=[1, 2, 2, 2], window_size=4, projection_dim=16,
        ),
        text_config=transformers.BartConfig(
            vocab_size=len(tokenizer), d_model=16, encoder_layers=1, decoder_layers=1,
            encoder_attention_heads=2, decoder_attention_heads=2, encoder_ffn_dim=16,
            decoder_ffn_dim=16, max_position_embeddings=128, forced_bos_token_id=None,
        ),
        image_token_id=tokenizer.image_token_id,
    )  # fmt: skip
    torch.manual_seed(seed)
    model = transformers.Florence2ForConditionalGeneration(config)
    enliven(model)
    model.save_pretrained(folder)
    images = transformers.CLIPImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False
    )
    images.image_seq_length = (SIDE // 32) ** 2 + 1
    processor = transformers.Florence2Processor(
        images, tokenizer, post_processor_config={"polygons": {"PATTERN": ""}}
    )
    processor.save_pretrained(folder)
    return folder


def florence_tokenizer() -> transformers.BartTokenizer:
    """BART's tokenizer with bytes for its vocabulary, and Florence-2's 1000 places."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    vocabulary = {entry: n for n, entry in enumerate([*special, *bytes_to_unicode().values()])}
    tokenizer = transformers.BartTokenizer(
        vocab=vocabulary, merges=[], extra_special_tokens={"image_token": "<image>"}
    )
    marks = ["<poly>", "</poly>", "<sep>"]
    tokenizer.add_tokens([*marks, *(f"<loc_{n}>" for n in range(1000))], special_tokens=True)
    return tokenizer


def save_groupvit(folder: Path, seed: int = 0) -> Path:
    """GroupViT with a layer a stage."""
    small = {"hidden_size": 16, "intermediate_size": 32}
    stages = {"depths": [1, 1, 1], "num_hidden_layers": 3, "num_attention_heads": 2}
    groups = {"num_group_tokens": [8, 4, 0], "num_output_groups": [8, 4, 4]}
    config = transformers.GroupViTConfig(
        text_config=_clip_text(small | {"num_hidden_layers": 1}),
        vision_config=small | stages | groups | {"image_size": SIDE, "patch_size": 16},
        projection_dim=16,
        projection_intermediate_dim=16,
    )
    torch.manual_seed(seed)
    model = transformers.GroupViTModel(config)
    enliven(model)
    model.save_pretrained(folder)
    images = transformers.CLIPImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, do_center_crop=False
    )
    transformers.CLIPProcessor(images, clip_tokenizer()).save_pretrained(folder)
    return folder


def save_owlvit(folder: Path, seed: int = 0) -> Path:
    """OWL-ViT with one layer."""
    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    config = transformers.OwlViTConfig(
        text_config=_clip_text(small),
        vision_config=small | {"num_attention_heads": 2, "image_size": SIDE, "patch_size": 16},
        projection_dim=16,
    )
    torch.manual_seed(seed)
    model = transformers.OwlViTForObjectDetection(config)
    enliven(model)
    model.save_pretrained(folder)
    images = transformers.OwlViTImageProcessorPil(size={"height": SIDE, "width": SIDE})
    transformers.OwlViTProcessor(images, clip_tokenizer()).save_pretrained(folder)
    return folder
