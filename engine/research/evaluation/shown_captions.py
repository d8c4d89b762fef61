"""What a judged caption model shows unasked: how much, how much of it is right, and what it makes up."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.captioning.everyday import load_names
from engine.captioning.judging import Judge
from engine.language.tokens import tokenize
from engine.research.evaluation.caption_metrics import Words
from engine.research.evaluation.hallucination import Hallucination, hallucination, plain_name
from engine.research.evaluation.percent import percent
from engine.research.evaluation.right_captions import is_right
from engine.research.evaluation.written_captions import WrittenCaptions
from engine.types import Caption, names_as_text

ENOUGH_PEOPLE = 4  # whose sentences can tell that a caption is wrong


@dataclass(frozen=True, slots=True)
class ShownFigures:
    """Figures of what is shown, in percent.

    ``shown``: photos with a likely caption; ``named``: the others of which something is surely seen. ``right``: of all
    captions, those that agree with people in the main; ``right_shown``: of the likely ones; both of photos with four
    sentences. ``names_said``: of the names of what is seen in any photo, those that people say or that are annotated.
    ``made_up``: of the sentences a beam ranks first, of all captions, of likely ones, and of all that is shown; None
    where no objects are annotated.
    """

    shown: float
    named: float
    right: float
    right_shown: float
    names_said: float
    made_up: dict[str, Hallucination] | None


def shown_figures(
    judge: Judge,
    written: WrittenCaptions,
    chosen: Sequence[Caption],
    sentences: Sequence[Sequence[Words]],
    objects: Sequence[set[str]] | None,
) -> ShownFigures:
    """Figures of the ``chosen`` sentences of N photos, their names, what people wrote and what is annotated."""
    seen = [judge.seen(record) for record in written.records]
    words = [caption.text.split() for caption in chosen]
    likely = np.array([bool(caption.likely) for caption in chosen])
    right = np.array([is_right(own, people) for own, people in zip(words, sentences, strict=True)])
    enough = np.array([len(people) >= ENOUGH_PEOPLE for people in sentences])
    named = np.array([bool(own) for own in seen]) & ~likely
    said = [
        bool(mentioned[load_names().names.index(name.text)])
        for row, own in enumerate(seen)
        for mentioned in [_mentioned(sentences[row], objects[row] if objects else set())]
        for name in own
    ]
    made_up = None
    if objects is not None:
        shown = [
            own if is_likely else tokenize(names_as_text(names)).words
            for own, is_likely, names in zip(words, likely, seen, strict=True)
        ]
        rows = np.flatnonzero(likely).tolist()
        texts: dict[str, Sequence[Words]] = {
            "beam": [beam[0].text.split() for beam in written.beams],
            "chosen": words,
            "shown": shown,
        }
        made_up = {name: hallucination(own, sentences, objects) for name, own in texts.items()}
        made_up["likely"] = hallucination(
            [words[row] for row in rows], [sentences[row] for row in rows], [objects[row] for row in rows]
        )
    return ShownFigures(
        percent(likely), percent(named), percent(right[enough]), percent(right[enough & likely]), percent(said), made_up
    )


def _mentioned(sentences: Sequence[Words], objects: set[str]) -> NDArray[np.bool_]:
    texts = [*sentences, *(plain_name(thing).split() for thing in objects)]
    found: NDArray[np.bool_] = np.any([load_names().mentioned(text) for text in texts], axis=0)
    return found
