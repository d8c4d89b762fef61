"""Sentences to be indexed: from text files, caption files, and what lies beside or inside the photos."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from engine.errors import EngineError
from engine.language.caption_files import read_sentences
from engine.photos.walk import FoundPhoto, sidecar_text

MAX_CHARACTERS = 2000
MAX_SIDECAR_BYTES = 1_000_000


class SentenceFileError(EngineError):
    """A file of sentences that cannot be read."""


def _lines(path: Path) -> Iterator[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise SentenceFileError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8."
        ) from error
    except OSError as error:
        raise SentenceFileError(
            f"{path} cannot be read: {error.strerror}; name a text file or a dataset.json."
        ) from error
    yield from clean(text.splitlines())


def clean(texts: Iterable[str]) -> Iterator[str]:
    """Sentences with white space folded; empty ones left out, endless ones cut."""
    for text in texts:
        if folded := " ".join(text.split()):
            yield folded[:MAX_CHARACTERS]


def sentences_of_file(path: Path) -> list[str]:
    """The sentences of a text file, one a line, or of a ``.json`` file in the format of ``dataset.json``.

    Raises:
        SentenceFileError: the file cannot be read or is not UTF-8.
        DatasetError: a ``.json`` file that is not in the format.
    """
    if path.suffix.lower() == ".json" and path.is_file():
        return list(clean(read_sentences(path)))
    return list(_lines(path))


def sentences_beside(photo: str) -> tuple[Path, list[str]] | None:
    """The sidecar of a photo and its sentences, or None where there is no readable one."""
    sidecar = sidecar_text(photo)
    if sidecar is None or sidecar.stat().st_size > MAX_SIDECAR_BYTES:
        return None
    return sidecar, list(_lines(sidecar))


def with_texts_beside(photos: Iterable[FoundPhoto]) -> Iterator[FoundPhoto]:
    """The photos in folders that hold a text file: one look at a folder is cheaper than two at each of its photos."""
    with_texts: dict[str, bool] = {}
    for photo in photos:
        folder = os.path.dirname(photo.path)  # noqa: PTH120 - a Path takes ten times as long
        if folder not in with_texts:
            try:
                with_texts[folder] = any(name.lower().endswith(".txt") for name in os.listdir(folder))  # noqa: PTH208
            except OSError:
                with_texts[folder] = False
        if with_texts[folder]:
            yield photo
