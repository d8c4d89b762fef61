"""One JSON file is one caption model, and how it is trained."""

from dataclasses import dataclass
from typing import Literal

from pydantic import with_config

from engine.runtime.configuration import Configuration, Few, Finite, Size


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class CaptionArchitecture:
    """What a caption model is made of."""

    decoder: Literal["recurrent", "transformer"] = "transformer"  # eqs. 13–15 as written, or attention to the regions
    num_channels: Size = 1280  # of a region's C features, how many it looks at, the first ones
    dimension: Size = 384  # D of the alignment model's vectors
    width: Size = 256  # of the hidden state
    layers: Few = 3  # of the transformer
    heads: Few = 4  # of its attention
    max_words: Size = 18  # of a sentence; longer ones are left out of training
    # Beam search ranks by log-probability / (number of words + 1) ** length_power. A fingerprint holds it as it was
    # written, so that a whole number has to stay one.
    length_power: int | Finite = 0.7


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class CaptionTraining:
    """How a caption model is trained: on language alone, on photos word by word, on the reward of whole sentences."""

    texts: Literal["sentences", "segments", "phrases"] = "sentences"  # of photos; inferred or annotated, of regions
    optimizer: Literal["rmsprop", "adam"] = "adam"
    learning_rate: float = 5e-4
    weight_decay: float = 0.01
    dropout: float = 0.3
    label_smoothing: float = 0.1
    clip: float = 0.0  # each element of the gradient; 0 for none
    clip_length: float = 1.0  # of the whole gradient; 0 for none
    warmup: float = 0.05  # share of a stage's steps
    batch_size: int = 32  # photos, with five texts each
    texts_per_photo: int = 5
    views: int = 4
    language_epochs: int = 2  # over sentences without photos
    epochs: int = 8
    reward_epochs: int = 0  # self-critical training on CIDEr
    reward_learning_rate: float = 5e-5
    reward_samples: int = 5  # sentences drawn of each photo
    average: float = 0.999  # decay of the moving average of the weights that is kept; 0 keeps the last weights
    start_share: float = 0.0  # of the weights that a run began with (`--start`), in those that it writes
    seed: int = 1


@dataclass(frozen=True, slots=True)
class CaptionConfig(Configuration):
    """A named caption model with its training, and the fingerprint of the alignment model that it was made for."""

    alignment: str = ""
    architecture: CaptionArchitecture = CaptionArchitecture()
    training: CaptionTraining = CaptionTraining()
