"""The names of ImageNet's classes as word vectors."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models import ResNet18_Weights

from engine.language.tokens import tokenize
from engine.language.word_vectors import WordVectors

FORM = "a photo of a {}"  # as sentences would name them: measured better than the bare name (docs/experiments.md)


def class_names() -> list[str]:
    """The name of each class, of one word or more."""
    names: list[str] = ResNet18_Weights.IMAGENET1K_V1.meta["categories"]
    return names


def class_name_vectors(words: WordVectors) -> Tensor:
    """The mean word vector of each class in a short sentence (classes, E), as unit vectors."""
    sentences = [tokenize(FORM.format(name)).words for name in class_names()]
    means = [vectors.mean(dim=0) for sentence in sentences for vectors in words([sentence])]
    return F.normalize(torch.stack(means), dim=1)
