"""The names of ImageNet's classes: as words, and as word vectors."""

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from engine.language.tokens import tokenize
from engine.language.word_vectors import WordVectors

FORM = "a photo of a {}"  # as sentences would name them: measured better than the bare name (docs/experiments.md)


def class_names() -> list[str]:
    """The name of each class, of one word or more, as torchvision writes them."""
    return files("engine.language").joinpath("class_names.txt").read_text(encoding="utf-8").splitlines()


def class_name_vectors(words: WordVectors) -> NDArray[np.float32]:
    """The mean word vector of each class in a short sentence (classes, E), as unit vectors."""
    sentences = [tokenize(FORM.format(name)).words for name in class_names()]
    means = np.stack([vectors.mean(axis=0) for sentence in sentences for vectors in words([sentence])])
    unit: NDArray[np.float32] = means / np.linalg.norm(means, axis=1, keepdims=True)
    return unit
