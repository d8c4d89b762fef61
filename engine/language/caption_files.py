"""Files of captions in Karpathy's format, ``dataset.json``: the sentences that people wrote about photos."""

import json
from pathlib import Path
from typing import Any

from engine.errors import DatasetError


def caption_entries(path: Path) -> list[dict[str, Any]]:
    """The entries of a caption file, one an image.

    Raises:
        DatasetError: the file is missing or is not in the format.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise DatasetError(
            f"{path} does not exist; expected a folder with dataset.json and images/<split>/."
        ) from error
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}.") from error
    return _entries(content, path)


def _entries(content: bytes, path: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(content.decode("utf-8"))["images"]
    except (ValueError, KeyError, TypeError) as error:
        raise DatasetError(
            f'{path} is not a caption file ({error}); expected {{"images": [{{"filename", "split", "sentences"}}]}}.'
        ) from error
    if not isinstance(entries, list):
        raise DatasetError(f'{path}: "images" is not a list; expected one entry an image.')
    return entries


def sentences_in(content: bytes, path: Path) -> list[str]:
    """Every sentence of a ``dataset.json``, whatever its split, from the content of the file at ``path``.

    Raises:
        DatasetError: it is not in the format.
    """
    return [text for entry in _entries(content, path) for text in entry_sentences(entry, path)]


def entry_sentences(entry: dict[str, Any], path: Path) -> list[str]:
    """The sentences of an entry of the file at ``path``.

    Raises:
        DatasetError: they are not in the format.
    """
    try:
        return [str(sentence["raw"]).strip() for sentence in entry.get("sentences", [])]
    except (AttributeError, KeyError, TypeError) as error:
        raise DatasetError(f'{path}: an entry has no readable sentences ({error}); expected [{{"raw": …}}].') from error
