"""How like those of people written sentences are: BLEU, ROUGE-L, CIDEr and METEOR, and how varied they are."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from fractions import Fraction
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from engine.errors import QueryError
from engine.runtime.extras import extra_command

if TYPE_CHECKING:
    from pycocoevalcap.meteor.meteor import Meteor

ORDERS = (1, 2, 3, 4)

Words = Sequence[str]


@dataclass(frozen=True, slots=True)
class CaptionFigures:
    """Figures of sentences against those of people.

    ``bleu`` has BLEU-1 to BLEU-4 in percent; ``rouge_l``, ``cider`` and ``meteor`` are as the reference implementations
    print them, ``meteor`` None without Java. ``distinct``: how many different sentences. ``copied``: percent of the
    sentences that stand word for word among the training sentences, None without those; of descriptions of regions, in
    a training sentence. ``vocabulary``: how many different words. ``images``: photos; ``regions`` where those are
    described.
    """

    bleu: tuple[float, float, float, float]
    rouge_l: float
    cider: float
    meteor: float | None
    distinct: int
    copied: float | None
    vocabulary: int
    images: int
    regions: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, ``regions`` only where there are some."""
        return {name: value for name, value in asdict(self).items() if name != "regions" or value is not None}


def bleu(written: Sequence[Words], references: Sequence[Sequence[Words]]) -> tuple[float, float, float, float]:
    """BLEU-1 to BLEU-4 in percent (Papineni et al. 2002) of N sentences together, unsmoothed, by the closest reference.

    nltk counts a sentence that is shorter than n words as one wrong n-gram. Here it has none, as in the implementation
    that published figures were made with: of regions most descriptions have two or three words.
    """
    from nltk.translate.bleu_score import corpus_bleu  # slow to import

    too_short = [sum(len(words) < order for words in written) for order in ORDERS]

    def counted(precisions: Sequence[Fraction], **_: Any) -> list[Fraction | float]:
        return [
            Fraction(precision.numerator, precision.denominator - missing)
            if precision.numerator
            else sys.float_info.min
            for precision, missing in zip(precisions, too_short, strict=True)
        ]

    weights = [(1 / order,) * order for order in ORDERS]
    first, second, third, fourth = (
        100.0 * figure for figure in corpus_bleu(references, written, weights, smoothing_function=counted)
    )
    return first, second, third, fourth


class CaptionMeter:
    """Measures sentences. Use it in a ``with`` block: METEOR is a process that has to be closed.

    Args:
        training: the training sentences as words, to see what is copied; None where there are none.
        of_regions: whether descriptions of regions are measured: a part of a training sentence is a copy too.

    Attributes:
        without_meteor: why there is no METEOR, once something was measured; None if there is.

    Raises:
        QueryError: the package of the reference implementations is missing.
    """

    def __init__(self, training: Sequence[Words] | None, of_regions: bool = False) -> None:
        try:
            from pycocoevalcap.cider.cider import Cider
            from pycocoevalcap.rouge.rouge import Rouge
        except ImportError as error:
            raise QueryError(
                f"Captions are measured with the package pycocoevalcap, which is not installed; "
                f"run `{extra_command('evaluation')}`."
            ) from error
        self._cider, self._rouge = Cider(), Rouge()
        self._of_regions = of_regions
        lines = None if training is None else [" ".join(words) for words in training]
        self._sentences = None if lines is None else set(lines)
        self._text = "" if lines is None else "".join(f" {line} \n" for line in lines)
        self._meteor: Meteor | None = None
        self.without_meteor: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def figures(
        self, written: Sequence[Words], references: Sequence[Sequence[Words]], photos: Sequence[int]
    ) -> CaptionFigures:
        """Figures of N sentences, each against its references, and of how many photos (N,) they are.

        Sentences and references are lower-case words without punctuation, one word or more each.
        """
        texts = [" ".join(words) for words in written]
        own = {row: [text] for row, text in enumerate(texts)}
        people = {row: [" ".join(words) for words in sentences] for row, sentences in enumerate(references)}
        first, second, third, fourth = (round(figure, 2) for figure in bleu(written, references))
        return CaptionFigures(
            bleu=(first, second, third, fourth),
            rouge_l=round(float(self._rouge.compute_score(people, own)[0]), 4),
            cider=round(float(self._cider.compute_score(people, own)[0]), 4),
            meteor=self._meteor_score(people, own),
            distinct=len(set(texts)),
            copied=self._copied(texts),
            vocabulary=len({word for words in written for word in words}),
            images=len(set(photos)),
            regions=len(written) if self._of_regions else None,
        )

    def _copied(self, texts: Sequence[str]) -> float | None:
        if self._sentences is None:
            return None
        copied = {
            text: f" {text} " in self._text if self._of_regions else text in self._sentences for text in set(texts)
        }
        return round(100 * sum(copied[text] for text in texts) / len(texts), 2)

    def _meteor_score(self, people: dict[int, list[str]], own: dict[int, list[str]]) -> float | None:
        if self.without_meteor is None and shutil.which("java") is None:
            self.without_meteor = "it needs Java, and there is no `java` on the PATH."
        if self.without_meteor is not None:
            return None
        if self._meteor is None:
            from pycocoevalcap.meteor.meteor import Meteor

            self._meteor = Meteor()
        try:
            return round(float(self._meteor.compute_score(people, own)[0]), 4)
        except (OSError, ValueError) as error:  # it ended, or answered something else than a number
            self.without_meteor = f"its Java process failed ({error}); it needs 2 GB of memory."
            self._close()
            return None

    def _close(self) -> None:
        if self._meteor is None:
            return
        process, lock = self._meteor.meteor_p, self._meteor.lock
        process.kill()
        process.communicate()
        if lock.locked():  # a failure inside; its destructor would wait for the lock for ever
            lock.release()
        self._meteor = None
