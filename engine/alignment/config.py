"""One JSON file is one architecture, and how it is trained."""

from dataclasses import dataclass
from typing import Literal

from pydantic import with_config

from engine.runtime.configuration import Configuration, Count, Finite, Side, Size


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Architecture:
    """What a model is made of; all but the last three, which tell phrases and boxes, changes its vectors."""

    backbone: str = "efficientnet_lite2"
    image_size: Side = 320  # pixels a side
    proposer: str = "fixed_windows"
    num_channels: Size = 1280  # C of a region's features
    detail_channels: Count = 0  # of C, after the last map's, those of finer maps and colours: engine/vision/detail.py
    learned_channels: Count = 0  # of C, the last, those of a trained copy of the backbone's last block (cosine towers)
    word_vectors: Literal["minilm_static", "minilm_contextual"] = "minilm_contextual"
    word_dimension: Size = 384  # E of the word vectors
    dimension: Size = 256  # D of the shared space
    class_dimension: Count = 0  # of D, how many hold the names of the backbone's own classes (cosine towers)
    hidden: Size = 256  # of the recurrent layer
    score: Literal["sum_max", "sum_positive"] = "sum_max"  # eq. 8, or eq. 7 of the fragment model (plain towers)
    towers: Literal["plain", "cosine"] = "cosine"  # eqs. 1–8 as written, or unit vectors with a global term
    bank: Count = 0  # training photos that tell how easily a sentence fits any photo; takes one of D (cosine towers)
    bank_regions: Size = 20  # of each of them, the best proposals and the whole image
    sentence_bank: Count = 0  # training sentences that tell how easily a photo fits any sentence; takes one of D too
    geometry: bool = False  # whether a region's vector knows its box (cosine towers)
    beta: Finite = 0.05  # reward for keeping the region from one word to the next (eq. 12), in units of the word score
    phrases: Literal["noun_phrases", "chain"] = "noun_phrases"  # how sentences are cut: by grammar, or by eqs. 10–12
    sharpness: Finite = 2.0  # how much the best region of a phrase counts against others that overlap one another

    @property
    def bank_component(self) -> int | None:
        """Where the bank of photos stands in a global vector, from its end; None without one."""
        return -1 - (self.sentence_bank > 0) if self.bank else None

    @property
    def map_channels(self) -> int:
        """Of a region's C features, how many come first, which the backbone's last map gives."""
        return self.num_channels - self.detail_channels - self.learned_channels


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Training:
    """How a model is trained; nothing here changes the vectors of a trained one."""

    objective: Literal["ranking", "contrastive"] = "contrastive"
    optimizer: Literal["sgd", "adam"] = "adam"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    momentum: float = 0.9  # of sgd
    margin: float = 1.0  # of the ranking objective
    dropout: float = 0.3  # of all but the recurrent layers
    clip: float = 5.0  # each element of the gradient
    clip_length: float = 0.0  # of the whole gradient; 0 for none
    batch_size: int = 128  # image–sentence pairs
    epochs: int = 10
    warmup: float = 0.05  # share of all steps
    views: int = 2  # of a photo: as it is, mirrored, parts of it; see engine/research/data/features.py
    further_views: Size = 2  # of those, how many a photo of other origin has: as it is, and mirrored
    region_dropout: float = 0.0  # share of regions that the whole image takes the place of
    phrase_weight: float = 0.0  # of the objective that ties annotated phrases to their regions
    query_weight: float = 0.0  # of the objective over short queries: phrases and single words
    exchanged: Count = 0  # sentences a batch with a word exchanged ("a green bus"), wrong for every photo
    further_pairs: int = 0  # an epoch, from data sets of other origin
    bfloat16: bool = False  # word–region products in half the bits, where the processor has them: 2.5 times as fast
    distillation: float = 0.0  # share of the objective that follows the teachers, where there are any
    average: float = 0.999  # decay of the moving average of the weights that is kept; 0 keeps the last weights
    seed: int = 1


@dataclass(frozen=True, slots=True)
class ModelConfig(Configuration):
    """A named architecture with its training."""

    architecture: Architecture = Architecture()
    training: Training = Training()
