"""What the backbone's own classifier knows: ImageNet's classes by name, to be compared with any word."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

NUM_CLASSES = 1000
STRONGEST = 15  # classes of a region that count


class ClassEvidence(nn.Module):
    """Region features → vectors of class names, in the space of the word vectors.

    A region that shows a zebra has probability at the class "zebra", whose name has a vector; a query's vector is near
    it whether or not any training sentence named a zebra. Everything in it is fixed.

    Args:
        num_channels: C of the features.
        word_dimension: E of the word vectors.
        dimension: of the subspace that names and queries are compared in.
    """

    def __init__(self, num_channels: int, word_dimension: int, dimension: int) -> None:
        super().__init__()
        self.weight: Tensor
        self.bias: Tensor
        self.names: Tensor
        self.centre: Tensor
        self.basis: Tensor
        self.register_buffer("weight", torch.zeros(NUM_CLASSES, num_channels))
        self.register_buffer("bias", torch.zeros(NUM_CLASSES))
        self.register_buffer("names", torch.zeros(NUM_CLASSES, dimension))
        self.register_buffer("centre", torch.zeros(word_dimension))
        self.register_buffer("basis", torch.zeros(dimension, word_dimension))

    def fill(self, weight: Tensor, bias: Tensor, names: Tensor) -> None:
        """Take the classifier, weight (classes, C) and bias (classes,), and the vectors (classes, E) of its names.

        The subspace is that of the names' largest principal components.
        """
        unit = F.normalize(names, dim=1)
        centre = unit.mean(dim=0)
        centred = F.normalize(unit - centre, dim=1)
        basis = torch.linalg.svd(centred, full_matrices=False).Vh[: len(self.basis)]
        self.weight.copy_(weight)
        self.bias.copy_(bias)
        self.centre.copy_(centre)
        self.basis.copy_(basis)
        self.names.copy_(centred @ basis.T)

    def of_features(self, features: Tensor) -> Tensor:
        """Region features (B, R, C) → unit vectors of the regions and, last, of the whole photo (B, R + 1, Dc)."""
        probabilities = F.linear(features, self.weight, self.bias).softmax(dim=-1)  # (B, R, classes)
        probabilities = torch.cat([probabilities, probabilities.amax(dim=1, keepdim=True)], dim=1)
        strongest, rows = probabilities.topk(STRONGEST, dim=-1)
        # The square root lets the second thing in a region be seen beside the first.
        weights = torch.zeros_like(probabilities).scatter(-1, rows, strongest.sqrt())
        return F.normalize(weights @ self.names, dim=-1)

    def of_words(self, vectors: Tensor) -> Tensor:
        """Word or sentence vectors (…, E) → unit vectors (…, Dc) that compare with those of regions."""
        return F.normalize((F.normalize(vectors, dim=-1) - self.centre) @ self.basis.T, dim=-1)
