"""Captioned image sets in Karpathy's format: ``dataset.json`` beside a folder of images, or of one for each split."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.errors import DatasetError
from engine.language.caption_files import caption_entries, entry_sentences
from engine.research.data.questions import statement

LONGEST = 30  # words of a sentence from elsewhere
STATEMENTS_TOGETHER = 4
GRAPHICS = re.compile(
    r"\b(graph|diagram|chart|template|screenshot|logo|axis|arrow|labeled|table shows|equation|map of|flowchart|"
    r"infographic|www|http|illustration|drawing|painting|poster|cartoon)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CaptionedImage:
    """A photo and the sentences that people wrote for it."""

    path: Path
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptionSet:
    """One split of a captioned image set."""

    folder: Path
    split: str
    images: tuple[CaptionedImage, ...]

    @property
    def sentences(self) -> list[str]:
        """All sentences, image after image."""
        return [sentence for image in self.images for sentence in image.sentences]

    @property
    def image_of_sentence(self) -> list[int]:
        """For each of ``sentences``, the row of its image."""
        return [row for row, image in enumerate(self.images) for _ in image.sentences]


def _statements(entry: dict[str, Any], path: Path) -> list[str]:
    """The questions of an entry with their answers as statements, and the first few of them in one sentence."""
    try:
        asked = [(str(item["question"]), str(item["answer"])) for item in entry.get("questions", [])]
    except (AttributeError, KeyError, TypeError) as error:
        raise DatasetError(
            f'{path}: an entry has no readable questions ({error}); expected [{{"question": …, "answer": …}}].'
        ) from error
    stated = [text for question, answer in asked if (text := statement(question, answer))]
    return [*stated, ", ".join(stated[:STATEMENTS_TOGETHER])] if len(stated) > 1 else stated


def load_captions(folder: Path, split: str) -> CaptionSet:
    """Read one split.

    Raises:
        DatasetError: no such folder, no such split, a broken file, or photos that are missing.
    """
    return _load(folder, split, lambda entry, path: entry_sentences(entry, path))


def load_further(folder: Path, split: str, *, with_questions: bool = True) -> CaptionSet:
    """Read one split of photos from elsewhere that widen the training: sentences, and questions as statements.

    Sentences of more than 30 words, and those about graphics (a chart, a logo), are left out.

    Raises:
        DatasetError: as ``load_captions``.
    """
    return _load(
        folder,
        split,
        lambda entry, path: [
            *(
                text
                for text in entry_sentences(entry, path)
                if len(text.split()) <= LONGEST and not GRAPHICS.search(text)
            ),
            *(_statements(entry, path) if with_questions else ()),
        ],
    )


def _load(folder: Path, split: str, read: Callable[[dict[str, Any], Path], list[str]]) -> CaptionSet:
    path = folder / "dataset.json"
    entries = caption_entries(path)
    splits = sorted({str(entry.get("split")) for entry in entries})
    chosen = [entry for entry in entries if entry.get("split") == split]
    if not chosen:
        raise DatasetError(f"{path} has no split {split!r}; it has {', '.join(splits)}.")
    images = [
        CaptionedImage(_path(folder / "images", split, entry), tuple(sentences))
        for entry in chosen
        if (sentences := [text for text in read(entry, path) if text])
    ]
    missing = [image.path for image in images if not image.path.is_file()]
    if missing:
        raise DatasetError(
            f"{len(missing)} of {len(images)} photos of split {split!r} are missing, the first is {missing[0]}."
        )
    if not images:
        raise DatasetError(f"{path}: no image of split {split!r} has sentences.")
    return CaptionSet(folder, split, tuple(images))


def _path(images: Path, split: str, entry: dict[str, Any]) -> Path:
    """Where a photo lies: by split, or as Flickr30K and COCO are published, all together or in the folder it names."""
    name = str(entry["filename"])
    places = (images / split / name, images / str(entry.get("filepath", "")) / name)
    return next((place for place in places if place.is_file()), places[0])
