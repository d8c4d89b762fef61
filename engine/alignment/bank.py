"""Banks of training photos and sentences: what fits anything is no answer to anybody's question.

Some sentences score high with every photo, and some photos with every sentence. What a sentence scores with photos that
are not asked about, and a photo with sentences nobody asks, says how much of its score that is (inverted softmax, Smith
et al. 2017; query bank normalisation, Bogolin et al. 2022). A bank is empty at first, and says nothing then.
"""

import math

import torch
from torch import Tensor, nn

from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.scores import score

WORDS = 8  # of a sentence in the bank, those that count most; the others are articles and the like


class Bank(nn.Module):
    """How a bank's scores become one number.

    ``sharpness`` 0 takes their mean, ∞ the largest; ``weight`` says how much that counts, 0 while the bank is empty.
    """

    def __init__(self) -> None:
        super().__init__()
        self.sharpness: Tensor
        self.weight: Tensor
        self.register_buffer("sharpness", torch.ones(()))
        self.register_buffer("weight", torch.zeros(()))

    def set(self, sharpness: float, weight: float) -> None:
        """Say how the scores count."""
        self.sharpness.fill_(sharpness)
        self.weight.fill_(weight)

    def soft_maximum(self, scores: Tensor) -> Tensor:
        """weight / sharpness · log mean_k exp(sharpness · S_kn) of scores (K, N) with the bank's K → (N,)."""
        commonness = (scores * self.sharpness).logsumexp(dim=0) - math.log(scores.shape[0])
        return commonness * self.weight / self.sharpness


class PhotoBank(Bank):
    """The vectors of K training photos, which tell how easily a sentence fits any photo.

    Args:
        num_photos: K.
        num_regions: of a photo, the best proposals and the whole image, that are kept.
        dimension: D of the vectors.
    """

    def __init__(self, num_photos: int, num_regions: int, dimension: int) -> None:
        super().__init__()
        self.records: Tensor
        self.register_buffer("records", torch.zeros(num_photos, num_regions + 1, dimension))

    def fill(self, photos: ImageEmbedding) -> None:
        """Take the vectors of K photos, of a model with a global term."""
        assert photos.photo is not None
        proposals = photos.regions[:, : self.records.shape[1] - 2]
        self.records.copy_(torch.cat([proposals, photos.regions[:, -1:], photos.photo[:, None]], dim=1))

    def offset(self, sentences: SentenceEmbedding) -> Tensor:
        """What N sentences score with the bank's photos → (N,)."""
        assert sentences.sentence is not None
        if not self.weight:
            return sentences.sentence.new_zeros(len(sentences.sentence))
        return self.soft_maximum(score(ImageEmbedding(self.records[:, :-1], self.records[:, -1]), sentences))

    def offset_of_one(self, words: Tensor, sentence: Tensor) -> Tensor:
        """The same for the words (T, D) and the vector (D,) of one sentence → (1,): what can be exported to ONNX."""
        best = (self.records[:, :-1] @ words.T).amax(dim=1)  # (K, T)
        return self.soft_maximum((best.sum(dim=1) + self.records[:, -1] @ sentence)[:, None])


class SentenceBank(Bank):
    """The vectors of K training sentences, which tell how easily a photo fits any sentence.

    Args:
        num_sentences: K.
        dimension: D of the vectors.
    """

    def __init__(self, num_sentences: int, dimension: int) -> None:
        super().__init__()
        self.words: Tensor
        self.sentences: Tensor
        self.register_buffer("words", torch.zeros(num_sentences, WORDS, dimension))
        self.register_buffer("sentences", torch.zeros(num_sentences, dimension))

    def fill(self, sentences: SentenceEmbedding) -> None:
        """Take the vectors of K sentences, of a model with a global term; of their words the longest vectors."""
        assert sentences.sentence is not None
        real = sentences.words * sentences.mask[:, :, None]  # (K, T, D)
        longest = real.norm(dim=-1).topk(min(WORDS, real.shape[1]), dim=1).indices  # (K, ≤ WORDS)
        self.words.zero_()
        self.words[:, : longest.shape[1]] = real.take_along_dim(longest[:, :, None], dim=1)
        self.sentences.copy_(sentences.sentence)

    def offset(self, images: ImageEmbedding) -> Tensor:
        """What B photos score with the bank's sentences → (B,)."""
        assert images.photo is not None
        if self.training:  # it is filled afterwards
            return images.photo.new_zeros(len(images.photo))
        best = (images.regions @ self.words.flatten(0, 1).T).amax(dim=1)  # (B, K · WORDS); a word that is none scores 0
        scores = best.view(-1, len(self.sentences), WORDS).sum(dim=2) + images.photo @ self.sentences.T  # (B, K)
        return self.soft_maximum(scores.T)
