"""Photos that tell how easily a sentence fits any photo, so that sentences can be compared with one another."""

import math

import torch
from torch import Tensor, nn

from engine.alignment.embeddings import ImageEmbedding, SentenceEmbedding
from engine.alignment.scores import score
from engine.vision.proposals import NUM_REGIONS


class PhotoBank(nn.Module):
    """The vectors of K training photos. Empty at first, it says nothing then.

    Some sentences score high with every photo, and would be the answer to any. What a sentence scores with photos that
    are not asked about says how much of its score that is (inverted softmax, Smith et al. 2017; query bank
    normalisation, Bogolin et al. 2022).

    Args:
        num_photos: K.
        dimension: D of the vectors.
    """

    def __init__(self, num_photos: int, dimension: int) -> None:
        super().__init__()
        self.records: Tensor
        self.sharpness: Tensor
        self.weight: Tensor
        self.register_buffer("records", torch.zeros(num_photos, NUM_REGIONS + 1, dimension))
        self.register_buffer("sharpness", torch.ones(()))
        self.register_buffer("weight", torch.zeros(()))

    def fill(self, photos: ImageEmbedding, sharpness: float, weight: float) -> None:
        """Take the vectors of K photos.

        Args:
            photos: of a model with a global term.
            sharpness: 0 takes the mean of the scores, ∞ the largest.
            weight: how much of what the sentences score with the bank counts.
        """
        assert photos.photo is not None
        self.records.copy_(torch.cat([photos.regions, photos.photo[:, None]], dim=1))
        self.sharpness.fill_(sharpness)
        self.weight.fill_(weight)

    def offset(self, sentences: SentenceEmbedding) -> Tensor:
        """weight / sharpness · log mean_k exp(sharpness · S_kl) of the bank's photos k and N sentences → (N,)."""
        assert sentences.sentence is not None
        if not self.weight:
            return sentences.sentence.new_zeros(len(sentences.sentence))
        return self._offset(score(ImageEmbedding(self.records[:, :-1], self.records[:, -1]), sentences))  # (K, N)

    def offset_of_one(self, words: Tensor, sentence: Tensor) -> Tensor:
        """The same for the words (T, D) and the vector (D,) of one sentence → (1,): what can be exported to ONNX."""
        best = (self.records[:, :-1] @ words.T).amax(dim=1)  # (K, T)
        return self._offset((best.sum(dim=1) + self.records[:, -1] @ sentence)[:, None])

    def _offset(self, scores: Tensor) -> Tensor:
        commonness = (scores * self.sharpness).logsumexp(dim=0) - math.log(len(scores))
        return commonness * self.weight / self.sharpness
