"""A caption model that is trained on begins with the weights of an earlier one, whatever words that one knows."""

import copy

import torch

from engine.captioning.folder import load_captioner
from engine.captioning.network import DecoderModule
from engine.captioning.words import BOUNDARY, WordNumbers
from engine.errors import ModelError


def take_over(decoder: DecoderModule, numbers: WordNumbers, start: str) -> None:
    """Give a network the weights of a caption model, by name or folder; words that it does not know stay as they are.

    Raises:
        ModelError: no such model, or another architecture.
    """
    earlier = load_captioner(start)
    before, after = earlier.numbers, numbers.numbers(earlier.numbers.words)
    rows = [(BOUNDARY, BOUNDARY), *((old, new) for old, new in enumerate(after, 1) if new != numbers.unknown)]
    rows.append((before.unknown, numbers.unknown))
    weights = decoder.state_dict()
    for name, values in earlier.decoder.state_dict().items():
        of_words = len(values) in (before.num_outputs, before.num_outputs + 1)  # a row a word, and one for all others
        more = numbers.num_outputs - before.num_outputs if of_words else 0
        if name not in weights or weights[name].shape != (len(values) + more, *values.shape[1:]):
            raise ModelError(f"The caption model {start} has another architecture than is to be trained.")
        if of_words:
            old, new = torch.tensor([row for row in rows if row[0] < len(values)]).T
            weights[name][new] = values[old]
        else:
            weights[name].copy_(values)


@torch.no_grad()
def lean_back(decoder: DecoderModule, numbers: WordNumbers, start: str, share: float) -> None:
    """Move a trained network's weights by ``share`` of the way back to those of the caption model that it began with.

    Words that the earlier model does not know keep theirs. WiSE-FT, Wortsman et al. 2022.
    """
    begun = copy.deepcopy(decoder)
    take_over(begun, numbers, start)
    for own, first in zip(decoder.state_dict().values(), begun.state_dict().values(), strict=True):
        own.lerp_(first, share)
