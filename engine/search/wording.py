"""A question's words as they were meant: likely spellings, and what is said of words that nobody knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.language.dictionaries import function_words, in_other_letters, language_of
from engine.language.tokens import tokenize
from engine.models.protocol import EmbeddingModel
from engine.search.combination import ReadPart, read_parts
from engine.search.question import Part, Question
from engine.search.written import QUOTED
from engine.types import Correction
from index.word_folding import folded

Written = Callable[[], Mapping[str, int]]
"""Gives the words that are written in a library, in small letters without accents, with the number of their photos."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A question as it was understood.

    Attributes:
        question: with the words that were meant.
        texts: as the model reads them.
        corrections: the words that were read as others.
        warnings: what a user should know about the words, a sentence each.
        rare: words that the model met rarely or never, as they are written.
        saying_little: words of another language that say little alone.
    """

    question: Question
    texts: tuple[ReadPart, ...]
    corrections: tuple[Correction, ...]
    warnings: tuple[str, ...]
    rare: tuple[str, ...]
    saying_little: frozenset[str] = frozenset()


def read_question(model: EmbeddingModel, question: Question, written: Written = dict) -> Reading:
    """Understand the texts of a question.

    A word that neither the model nor the library nor English knows is read as the word that it most likely should be,
    unless the question is exact, the word is quoted, or it is written as a name. A text in another language is left as
    it is, and that is said.

    Raises:
        QueryError: a text has no word that the model knows.
    """
    if question.exact:
        texts = read_parts(model, question.parts)
        notes = tuple(note for text in texts for note in text.notes)
        return Reading(question, texts, (), notes, tuple(dict.fromkeys(word for text in texts for word in text.rare)))
    parts, corrections, notices = [], [], []
    saying_little: frozenset[str] = frozenset()
    for part in question.parts:
        notice, language, own = _understood(model, part.text, written)
        saying_little |= frozenset() if language is None else function_words(language)
        parts.append(_corrected(part, own))
        corrections += [Correction(part.text[start:end], meant) for (start, end), meant in own.items()]
        notices.append(notice)
    question = replace(question, parts=tuple(parts))
    texts = read_parts(model, question.parts)
    warnings = [
        warning
        for text, notice in zip(texts, notices, strict=True)
        for warning in (text.notes if notice is None else [notice])
    ]
    rare = [word for text, notice in zip(texts, notices, strict=True) if notice is None for word in text.rare]
    of_rare = tuple(dict.fromkeys(rare))
    return Reading(question, texts, tuple(dict.fromkeys(corrections)), tuple(warnings), of_rare, saying_little)


def showing(corrections: Sequence[Correction]) -> list[str]:
    """What a person should know of corrections: one sentence, or none where there are none."""
    if not corrections:
        return []
    meant = ", ".join(repr(correction.meant) for correction in corrections)
    written = ", ".join(repr(correction.written) for correction in corrections)
    return [f"Showing results for {meant}; ask exactly (--exact) for {written}."]


def _understood(
    model: EmbeddingModel, text: str, written: Written
) -> tuple[str | None, str | None, dict[tuple[int, int], str]]:
    """What to say of a text in another language, and which; else words to be read as others, by where they stand."""
    tokens, quoted = tokenize(text), [found.span() for found in QUOTED.finditer(text)]
    unfamiliar = [word for word in dict.fromkeys(tokens.words) if not model.is_familiar(word)]
    if not unfamiliar:
        return None, None, {}
    in_library = written()
    unfamiliar = [word for word in unfamiliar if folded(word) not in in_library]
    strange = [word for word in unfamiliar if in_other_letters(word)]
    language = None if strange or not unfamiliar else language_of(tokens.words, set(tokens.words) - set(unfamiliar))
    if strange or language is not None:
        looks = "" if language is None else f"this looks {language}: it "
        unknown = ", ".join(strange or [word for word in unfamiliar if not model.spelling.knows(word)] or unfamiliar)
        return (
            f"The model reads English, and {looks}does not know {unknown}; ask in English, such as 'a dog on a beach'.",
            language,
            {},
        )
    meant = {}
    for place, (word, (start, end)) in enumerate(zip(tokens.words, tokens.spans, strict=True)):
        is_name = place > 0 and text[start].isupper() and not text.isupper()
        is_quoted = any(first <= start and end <= last for first, last in quoted)
        if word in unfamiliar and not is_name and not is_quoted:
            correction = model.spelling.correction(word, in_library)
            if correction is not None:
                meant[start, end] = correction
    return None, None, meant


def _corrected(part: Part, meant: Mapping[tuple[int, int], str]) -> Part:
    text = part.text
    for (start, end), word in sorted(meant.items(), reverse=True):
        text = text[:start] + word + text[end:]
    return replace(part, text=text)
