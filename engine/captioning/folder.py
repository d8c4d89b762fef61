"""A caption model on disk: ``config.json``, ``weights.safetensors``, ``vocabulary.json``, ``MODEL_CARD.md``.

``certainty.json`` may be beside them: it says which captions are likely to be right.
"""

import hashlib
import json
import logging
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from engine.captioning.certainty import Certainty
from engine.captioning.config import CaptionArchitecture, CaptionConfig
from engine.captioning.words import WordNumbers
from engine.errors import ModelError
from engine.language.vocabulary import Vocabulary
from engine.runtime.files import sha256
from engine.runtime.packaged import CONFIG, VOCABULARY, WEIGHTS, explaining_damage, find_folder

if TYPE_CHECKING:
    from torch import Tensor

    from engine.captioning.network import DecoderModule

logger = logging.getLogger(__name__)

PRETRAINED = ("default", "paper", "regions")


class CaptionFolder:
    """A trained caption model. ``fingerprint`` changes whenever the sentences that it finds could.

    ``certainty`` is None where the folder has none, or one that was fitted to other weights.

    Raises:
        ModelError: files that are damaged or do not belong together.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.config = CaptionConfig.load(folder / CONFIG)
        self.name = self.config.name
        architecture = self.config.architecture
        with explaining_damage("caption model", folder):
            if architecture.width % architecture.heads:
                raise ValueError(f"width {architecture.width} is no multiple of heads {architecture.heads}")
            self.numbers = WordNumbers(Vocabulary.load(folder / VOCABULARY))
            self.fingerprint = _fingerprint(self.config, self.numbers, folder / WEIGHTS)
        certainty = Certainty.load(folder)
        self.certainty = certainty if certainty is not None and certainty.captioner == self.fingerprint else None

    @cached_property
    def decoder(self) -> "DecoderModule":
        """The network in torch, which defines the model, trains it and is exported.

        Raises:
            ModelError: the weights are damaged, or of another configuration.
        """
        import torch

        from engine.runtime.weights import made_with_weights

        with explaining_damage("caption model", self._folder):
            decoder = made_with_weights(
                self._folder / WEIGHTS,
                lambda: create_decoder(self.config.architecture, torch.zeros(self.numbers.num_outputs)),
            )
        return decoder.eval().requires_grad_(False)


def create_decoder(
    architecture: CaptionArchitecture, log_frequencies: "Tensor", dropout: float = 0.0
) -> "DecoderModule":
    """The network of a configuration, with the log frequencies (V + 1,) of its words as the bias of its output."""
    from engine.captioning.recurrent import RecurrentDecoder
    from engine.captioning.transformer import TransformerDecoder

    kinds = {"recurrent": RecurrentDecoder, "transformer": TransformerDecoder}
    return kinds[architecture.decoder](architecture, log_frequencies, dropout)


def find_captioner(name: str) -> Path:
    """The folder of a packaged caption model, or the folder that ``name`` is a path of.

    Raises:
        ModelError: neither exists.
    """
    folder = find_folder(name, PRETRAINED, "captions")
    if folder is None:
        raise ModelError(
            f"There is no caption model {name!r}: expected {', '.join(PRETRAINED)}, or a folder with {CONFIG} and "
            f"{WEIGHTS} (scripts/train_captioner writes one)."
        )
    return folder


def save_captioner(folder: Path, config: CaptionConfig, decoder: "DecoderModule", vocabulary: Vocabulary) -> None:
    """Write a caption model; weights in half precision."""
    from engine.runtime.weights import save_weights

    folder.mkdir(parents=True, exist_ok=True)
    config.save(folder / CONFIG)
    vocabulary.save(folder / VOCABULARY)
    save_weights(folder / WEIGHTS, decoder)


def load_captioner(name: str) -> CaptionFolder:
    """Load a packaged caption model by name, or one's own by its folder.

    Raises:
        ModelError: no such model, or files that are damaged or do not belong together.
    """
    folder = CaptionFolder(find_captioner(name))
    if name not in PRETRAINED:
        _ = folder.decoder  # refused now, where its files are wrong; those of the package are known
    logger.info("Read the caption model %s", name)
    return folder


def _fingerprint(config: CaptionConfig, numbers: WordNumbers, weights: Path) -> str:
    usual = asdict(CaptionArchitecture())
    # What is as usual is left out, so that a setting of a later version changes no fingerprint of today.
    settings = {name: value for name, value in asdict(config.architecture).items() if value != usual[name]}
    content = json.dumps([settings, numbers.words], sort_keys=True) + sha256(weights)
    return hashlib.sha256(content.encode()).hexdigest()


def require_fit(captioner: CaptionFolder, alignment_name: str, alignment_fingerprint: str) -> None:
    """Refuse a caption model that was made for another alignment model.

    Raises:
        ModelError: it was.
    """
    made_for = captioner.config.alignment
    if made_for != alignment_fingerprint:
        raise ModelError(
            f"The caption model {captioner.name!r} was made for the alignment model {made_for[:8] or '(none)'}, and "
            f"this is {alignment_name!r} ({alignment_fingerprint[:8]}): it would read vectors that it does not know. "
            "Use the alignment model that it was made for, or train one for this by scripts/train_captioner."
        )
