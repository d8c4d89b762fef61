"""Objects that texts name and photos do not show: CHAIR (Rohrbach et al. 2018), by annotated objects and people."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from engine.research.evaluation.caption_metrics import Words
from engine.research.evaluation.everyday_words import forms_of, load_kinds

FILE = "concepts.json"
ALSO = ("frisbee", "kite", "snowboard", "racket")  # of COCO's objects, too small in the photos to be in the file
SAID = {
    "person": ("people",), "dining table": ("table",), "potted plant": ("plant",), "wine glass": ("wine",),
    "tv": ("television",), "cell phone": ("phone",), "teddy bear": ("teddy",), "hot dog": ("hotdog",),
    "fire hydrant": ("hydrant",), "parking meter": ("meter",), "baseball bat": ("bat",), "hair drier": ("dryer",),
    "stop sign": ("sign",), "traffic light": ("light",), "handbag": ("bag", "purse"), "suitcase": ("luggage",),
    "cup": ("mug",), "bowl": ("dish",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hallucination:
    """In percent: of the objects that texts name those that are not there, and of the texts those with such a one."""

    objects: float
    texts: float


def annotated_objects(data: Path) -> Mapping[str, set[str]] | None:
    """The objects in each photo, by its name; None where the set does not say."""
    path = data / FILE
    if not path.is_file():
        return None
    concepts = json.loads(path.read_text(encoding="utf-8"))["concepts"]
    found: dict[str, set[str]] = {}
    for concept, photos in concepts.items():
        for photo in photos:
            found.setdefault(photo, set()).add(concept)
    return found


def hallucination(
    texts: Sequence[Words], sentences: Sequence[Sequence[Words]], objects: Sequence[set[str]]
) -> Hallucination:
    """How much N texts make up: an object is there when it is annotated, or a sentence of people names it.

    >>> hallucination([["a", "dog", "on", "a", "bed"]], [[["the", "dog"]]], [{"bed", "tv"}])
    Hallucination(objects=0.0, texts=0.0)
    """
    known = {*ALSO, *SAID}.union(*objects)
    named = made_up = with_one = 0
    for text, people, own in zip(texts, sentences, objects, strict=True):
        said = {word for sentence in people for word in sentence}
        mentioned = [concept for concept in known if not _saying(concept).isdisjoint(text)]
        wrong = [c for c in mentioned if c not in own and _saying(c).isdisjoint(said)]
        named, made_up, with_one = named + len(mentioned), made_up + len(wrong), with_one + bool(wrong)
    return Hallucination(round(100 * made_up / max(named, 1), 1), round(100 * with_one / max(len(texts), 1), 1))


def plain_name(concept: str) -> str:
    """A name that sentences would use."""
    return {"tv": "television", "dining table": "table", "potted plant": "plant", "hair drier": "hair dryer"}.get(
        concept, concept
    )


@cache
def _saying(concept: str) -> frozenset[str]:
    words = [*([] if " " in concept else [concept]), *SAID.get(concept, ())] or [concept.split()[-1]]
    return frozenset().union(*(load_kinds().saying(word) | forms_of(word) for word in words))
