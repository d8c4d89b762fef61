"""Everyday names of scenes and things: how well a photo fits each, and which of them a sentence says."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.alignment.calibration import Calibration, features_of, logits_of
from engine.language.tokens import tokenize
from engine.models.multimodal import MultimodalModel
from engine.runtime.settings import cache_folder
from index.store.atomic import replace_file

FILE = "everyday_names.json"
SCENE = 0  # the family of all scenes
IRREGULAR = {
    "men": "man", "women": "woman", "children": "child", "persons": "person", "mice": "mouse", "knives": "knife",
    "leaves": "leaf", "wolves": "wolf", "shelves": "shelf", "geese": "goose", "puppies": "puppy",
    **{word: word for word in ("scissors", "skis", "glasses", "stairs", "grapes", "fries", "bus", "tennis")},
}  # fmt: skip


def singular(word: str) -> str:
    """One of what a word names, by rule: for comparing words, not for reading.

    >>> [singular(word) for word in ("dogs", "men", "benches", "berries", "grass")]
    ['dog', 'man', 'bench', 'berry', 'grass']
    """
    if word in IRREGULAR or not word.endswith("s") or word.endswith("ss"):
        return IRREGULAR.get(word, word)
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-2] if word.endswith(("ches", "shes", "sses", "xes", "oes")) else word[:-1]


@dataclass(frozen=True, eq=False)
class NameTable:
    """The table ``everyday_names.json``.

    Attributes:
        names: of scenes, then of things.
        families: (N,) the family of each; scenes are one, and what is taken for each other, or is a kind of another.
        said: of a name, other words of a sentence that say it.
    """

    names: tuple[str, ...]
    families: NDArray[np.int64]
    said: Mapping[str, Sequence[str]]

    def mentioned(self, words: Iterable[str]) -> NDArray[np.bool_]:
        """Which of the names (N,) a sentence of these words says."""
        own = {singular(word) for word in words}
        return np.array([own >= name or not own.isdisjoint(said) for name, said in self._forms])

    @cached_property
    def _forms(self) -> list[tuple[frozenset[str], frozenset[str]]]:
        """The words of each name, all of which say it, and those that each say it alone."""
        return [
            (frozenset(map(singular, name.split())), frozenset(map(singular, self.said.get(name, ()))))
            for name in self.names
        ]

    @cached_property
    def says(self) -> NDArray[np.bool_]:
        """Whether each name (N, N) says each, as a man is a person."""
        return np.stack([self.mentioned(name.split()) for name in self.names])

    @cached_property
    def saying(self) -> NDArray[np.int64]:
        """Which names say each name (N, M), itself among them, some more than once."""
        rows = [np.flatnonzero(column) for column in self.says.T]
        most = max(map(len, rows))
        return np.stack([np.pad(row, (0, most - len(row)), mode="edge") for row in rows])


@cache
def load_names() -> NameTable:
    """The table that stands beside this file."""
    content = json.loads(files(__package__).joinpath(FILE).read_text(encoding="utf-8"))
    groups = [content["scenes"], *content["families"]]
    families = np.repeat(np.arange(len(groups)), [len(group) for group in groups])
    return NameTable(tuple(name for group in groups for name in group), families, content["said"])


class EverydayNames:
    """How well photos fit the names, for one model with a calibration.

    The names are put into the model's space once, and kept in the cache folder.
    """

    def __init__(self, model: MultimodalModel, calibration: Calibration) -> None:
        self.table = load_names()
        self._model = model
        self._calibration = calibration
        self._tokens = [tokenize(name).words for name in self.table.names]
        self._starts = np.cumsum([0, *(len(words) for words in self._tokens[:-1])])
        self._num_words = np.array([len(words) for words in self._tokens])
        self._rarest = np.array([min(model.counts(words)) for words in self._tokens])

    def features(self, records: NDArray[np.floating]) -> NDArray[np.float64]:
        """What tells whether photos (B, S, D) show each of the N names: (B, N, F).

        Those of ``alignment.calibration``; then the logit of its probability, and, in deviations of the background, the
        score, how far it is above the mean of all names, how far below the best of its family, and that mean; whether
        it is a scene; and the best score of the names that say it, as a man is a person, in deviations too.
        """
        calibration = self._calibration
        scores = self._scores(records)
        of_names = np.broadcast_to(self._of_names, (*scores.shape, self._of_names.shape[-1]))
        plain = np.concatenate([scores[..., None], of_names], axis=-1, dtype=np.float64)
        logits = logits_of(plain, calibration.weights, calibration.bias)
        deviations = (plain[..., 0] - plain[..., 1]) / np.maximum(plain[..., 2], 1e-9)  # (B, N)
        mean = np.broadcast_to(deviations.mean(axis=1, keepdims=True), deviations.shape)
        families = self.table.families
        best = np.maximum.reduceat(deviations, np.flatnonzero(np.diff(families, prepend=-1)), axis=1)[:, families]
        scenes = np.broadcast_to(families == SCENE, deviations.shape)
        saying = deviations[:, self.table.saying].max(axis=-1)
        own = [logits, deviations, deviations - mean, deviations - best, mean, scenes, saying]
        return np.concatenate([plain, np.stack(own, axis=-1)], axis=-1)

    def _scores(self, records: NDArray[np.floating]) -> NDArray[np.float32]:
        """The scores (B, N) of photos."""
        words, sentences = self._vectors
        records = records.astype(np.float32)  # a copy
        if self._model.architecture.sentence_bank:
            records[:, -1, -1] = 0  # that a photo fits other sentences too says nothing of what is in it
        regions = records if sentences is None else records[:, :-1]
        best = (regions @ words.T).max(axis=1)  # (B, W)
        scores: NDArray[np.float32] = np.add.reduceat(best, self._starts, axis=1)
        return scores if sentences is None else (scores + records[:, -1] @ sentences.T).astype(np.float32)

    @cached_property
    def _of_names(self) -> NDArray[np.float64]:
        """What stands behind the score in the features of a name, whatever the photo (N, 9)."""
        background = self._scores(self._calibration.background)
        return features_of(background[:1], background, self._num_words, self._rarest)[0, :, 1:]

    @cached_property
    def _vectors(self) -> tuple[NDArray[np.float32], NDArray[np.float32] | None]:
        """The words (W, D) of all names and, in models with a global term, the names themselves (N, D)."""
        key = hashlib.sha256("|".join([self._model.fingerprint, *self.table.names]).encode()).hexdigest()[:24]
        path = cache_folder() / "names" / f"{key}.npy"
        if not path.is_file():
            vectors = self._model.embed_sentences(self._tokens)
            rows = [vector.words for vector in vectors] + [
                vector.sentence[None] for vector in vectors if vector.sentence is not None
            ]
            path.parent.mkdir(parents=True, exist_ok=True)

            def write(temporary: Path) -> None:
                with temporary.open("wb") as file:
                    np.save(file, np.concatenate(rows))

            replace_file(path, write)
        stored = np.load(path)
        count = int(self._num_words.sum())
        return stored[:count], stored[count:] if self._model.has_global else None
