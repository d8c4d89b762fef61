"""Retrieval apart for sentences with words that training never taught: how far a model goes beyond what it has seen."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.research.evaluation.retrieval import Recalls

# Words without content of their own, which say nothing new when they are rare; single letters are what is left of
# "man's" and "isn't".
_FUNCTION_WORDS = """
a about above across after against along alongside also although am among amongst an and another any anybody anyone
anything are around as at atop away back be because been before behind being below beneath beside besides between
beyond both but by can cannot could d did do does doing don down during each either else etc even ever every
everybody everyone everything few for from further had has have having he her here hers herself him himself his how
however i if in inside instead into is isn it its itself just least less ll m many may maybe me might mine more most
much must my myself near nearby neither no nobody none nor not nothing now o of off often on once one ones only onto
opposite or other others our ours ourselves out outside over own per perhaps please quite rather re s same several
shall she should since so some somebody someone something somewhere still such t than that the their theirs them
themselves then there these they this those though through throughout to together too toward towards under
underneath until unto up upon us ve very via was we were what whatever when where whereas whether which while who
whoever whole whom whose why will with within without would yet you your yours yourself yourselves
"""
FUNCTION_WORDS = frozenset(_FUNCTION_WORDS.split())


@dataclass(frozen=True, slots=True)
class PartRecalls:
    """Sentence → image recalls of a part of the sentences; None where there is none."""

    recalls: Recalls | None
    sentences: int

    @classmethod
    def of_ranks(cls, ranks: NDArray[np.int64]) -> "PartRecalls":
        """From the rank (from 1) of each sentence's image."""
        return cls(Recalls.of_ranks(ranks) if len(ranks) else None, len(ranks))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON: the recalls, if there are any, and the count."""
        return (asdict(self.recalls) if self.recalls else {}) | {"sentences": self.sentences}


@dataclass(frozen=True, slots=True)
class Novelty:
    """Sentence → image retrieval where training taught all content words of the sentence, and where it did not."""

    known_words: PartRecalls
    novel_words: PartRecalls


def novel_words(sentence: str, vocabulary: Vocabulary) -> list[str]:
    """The content words of a sentence that are not in the vocabulary of training, in order.

    >>> novel_words("The dog's zeppelin, behind a dog", Vocabulary({"dog": 7}))
    ['zeppelin']
    """
    return [word for word in tokenize(sentence).words if word not in FUNCTION_WORDS and word not in vocabulary]


def by_novelty(ranks: NDArray[np.int64], sentences: Sequence[str], vocabulary: Vocabulary) -> Novelty:
    """Split the ranks (N,), from 1, of the images of N sentences by whether a sentence has a novel word."""
    novel = np.array([bool(novel_words(sentence, vocabulary)) for sentence in sentences], dtype=bool)
    return Novelty(PartRecalls.of_ranks(ranks[~novel]), PartRecalls.of_ranks(ranks[novel]))
