"""Tokenizers of open_clip → ``tokenizer.json``, which the package ``tokenizers`` reads by itself."""

import json
from pathlib import Path
from typing import Any

from open_clip.tokenizer import SimpleTokenizer
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

from engine.encoders.folder import TOKENIZER
from engine.errors import ModelError

_PIECES = r"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
_CONFIG = "tokenizer_config.json"


def clip_tokenizer(context_length: int) -> Tokenizer:
    """CLIP's own, of byte pairs: begins and ends a text, and pads it with 0."""
    source = SimpleTokenizer()
    begin, end = "<start_of_text>", "<end_of_text>"
    merges = sorted(source.bpe_ranks, key=source.bpe_ranks.__getitem__)
    tokenizer = Tokenizer(models.BPE(vocab=source.encoder, merges=merges, end_of_word_suffix="</w>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECES), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    ids = [(begin, source.sot_token_id), (end, source.eot_token_id)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{begin} $A {end}", special_tokens=ids)
    tokenizer.enable_truncation(context_length)
    tokenizer.enable_padding(length=context_length, pad_id=0, pad_token="!")
    return tokenizer


def own_tokenizer(folder: Path, context_length: int) -> tuple[Tokenizer, int | None]:
    """The one that lies beside a checkpoint, and the id of its separator.

    Raises:
        ModelError: it is missing or damaged, or does not end texts as it says that it does.
    """
    missing = [name for name in (TOKENIZER, _CONFIG) if not (folder / name).is_file()]
    if missing:
        raise ModelError(
            f"The text tower has a tokenizer of its own, and {folder} has no {' and no '.join(missing)}; put what is "
            "missing beside the checkpoint."
        )
    try:
        settings: dict[str, Any] = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    except Exception as error:  # the tokenizer's own is a plain Exception
        raise ModelError(f"The tokenizer in {folder} cannot be read ({error}); fetch its files again.") from error
    pad = _token(settings.get("pad_token"))
    pad_id = None if pad is None else tokenizer.token_to_id(pad)
    if pad is None or pad_id is None:
        raise ModelError(f"{folder / _CONFIG} names no pad_token of the tokenizer; fetch its files again.")
    tokenizer.enable_truncation(context_length)
    side = settings.get("padding_side", "right")
    tokenizer.enable_padding(length=context_length, pad_id=pad_id, pad_token=pad, direction=side)
    end = _token(settings.get("eos_token"))
    ends = settings.get("add_eos_token") and end is not None
    if ends and tokenizer.token_to_id(str(end)) not in tokenizer.encode("a").ids:
        raise ModelError(
            f"{folder / _CONFIG} says that texts end in {end}, and with {TOKENIZER} they do not; fetch its files again."
        )
    separator = _token(settings.get("sep_token"))
    return tokenizer, None if separator is None else tokenizer.token_to_id(separator)


def _token(found: Any) -> str | None:
    """A token as a configuration has it: a text, or a text with how it is matched."""
    text = found.get("content") if isinstance(found, dict) else found
    return text if isinstance(text, str) else None
