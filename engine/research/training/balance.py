"""The last step of a training: how much the parts of the score count, set anew on validation."""

import math
from dataclasses import dataclass

import torch

from engine.alignment.cosine import CosineSentenceTower
from engine.alignment.model import AlignmentModel
from engine.research.evaluation.split import EncodedSplit, evaluate

WORDS = (1.0, 1.5, 2.0, 3.0)  # how much more words are to count against the whole sentence than training found
CLASSES = (1.0, 1.5, 2.0)  # and their class evidence against their learned vectors
ALLOWANCE = 2.5  # of the sum of six recalls


@dataclass(frozen=True, slots=True)
class Balance:
    """A choice: factors of the words and of their class evidence, and the sum of six recalls that it gives."""

    words: float
    classes: float
    sum_of_recalls: float


def rebalance(model: AlignmentModel, validation: EncodedSplit) -> list[Balance]:
    """Set the balance of a model's score by its retrieval on validation; return what was tried, the choice first.

    The learned parts fit the training photos better than any others, the global vectors most of all and the class
    evidence not at all, so training trusts them too much. Of all choices within ``ALLOWANCE`` of the best, the one
    with the most class evidence is taken: photos of other origin need it, and validation does not show them.

    Models without such weights are left alone, and nothing is returned.
    """
    tower = model.sentence_tower
    if not isinstance(tower, CosineSentenceTower):
        return []
    start = tower.balance.bias.data.clone()

    def set_to(words: float, classes: float) -> None:
        tower.balance.bias.data = start + torch.tensor([math.log(words), math.log(words * classes), 0.0, 0.0])

    tried = []
    for words in WORDS:
        for classes in CLASSES:
            set_to(words, classes)
            tried.append(Balance(words, classes, evaluate(model, validation).sum_of_recalls))
    enough = max(choice.sum_of_recalls for choice in tried) - ALLOWANCE
    tried.sort(key=lambda choice: (choice.sum_of_recalls < enough, -choice.classes, -choice.sum_of_recalls))
    set_to(tried[0].words, tried[0].classes)
    return tried
