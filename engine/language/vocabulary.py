"""The words of the training sentences and how often each was seen."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

MIN_COUNT = 5  # as published for Flickr8k


class Vocabulary:
    """Words seen at least ``min_count`` times in training, the most frequent first.

    It is never made from validation or test sentences. It does not limit what can be searched: a word outside it
    still has its fixed word vector, it is only a word that the alignment was not trained on.
    """

    def __init__(self, counts: dict[str, int]) -> None:
        self.counts = counts

    def __contains__(self, word: str) -> bool:
        return word in self.counts

    def __len__(self) -> int:
        return len(self.counts)

    @classmethod
    def from_sentences(cls, sentences: Iterable[Sequence[str]], min_count: int = MIN_COUNT) -> "Vocabulary":
        """Count the words of tokenised training sentences."""
        counts = Counter(word for words in sentences for word in words)
        frequent = sorted(
            ((word, count) for word, count in counts.items() if count >= min_count),
            key=lambda item: (-item[1], item[0]),
        )
        return cls(dict(frequent))

    def save(self, path: Path) -> None:
        """Write ``{word: count}`` as JSON."""
        path.write_text(json.dumps(self.counts, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Vocabulary":
        """Read what ``save`` wrote.

        Raises:
            ValueError: it is something else.
            OSError: it cannot be read.
        """
        counts = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(counts, dict) or not all(type(count) is int for count in counts.values()):
            raise ValueError(f"{path.name} does not hold words with their counts")
        return cls(counts)
