"""Files of sentences to be indexed: text files and caption files."""

import os
from pathlib import Path

from engine.errors import EngineError
from engine.language.caption_files import sentences_in
from engine.photos import object_storage
from engine.photos.describing import folded_lines
from engine.photos.location import is_remote
from index import LibraryAddress, open_writer, read_roots


class SentenceFileError(EngineError):
    """A file of sentences that cannot be read."""


def sentences_of_file(path: Path) -> list[str]:
    """The sentences of a text file, one a line, or of a ``dataset.json``; on this machine or in storage.

    Raises:
        SentenceFileError: the file cannot be read or is not UTF-8.
        DatasetError: a ``.json`` file that is not in the format.
    """
    try:
        content = object_storage.read(str(path)) if is_remote(str(path)) else path.read_bytes()
    except OSError as error:
        raise SentenceFileError(
            f"{path} cannot be read: {error.strerror}; name a text file or a dataset.json."
        ) from error
    if path.suffix.lower() == ".json":
        return [line for sentence in sentences_in(content, path) for line in folded_lines(" ".join(sentence.split()))]
    try:
        return folded_lines(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SentenceFileError(
            f"{path} is not UTF-8 text ({error.reason} at byte {error.start}); save it as UTF-8."
        ) from error


def remove_sentences(folder: LibraryAddress, file: str | Path) -> int:
    """Forget the sentences of a file, except those that stand elsewhere too; returns how many it had.

    Raises:
        SentenceFileError: the library holds no sentences of such a file.
        LibraryMissingError: there is no library in the folder.
        LibraryError: it cannot be written.
    """
    read_roots(folder)  # refused where there is no library: a writer would make one
    with open_writer(folder) as writer:
        known = writer.sentence_files()
        names = [name for name in (os.path.abspath(file), str(file)) if name in known]  # noqa: PTH100
        if not names:
            held = f"it holds those of {', '.join(known[:5])}" if known else "it holds none of any file"
            raise SentenceFileError(f"The library has no sentences of {file}; {held}.")
        return writer.forget_sentence_file(names[0])
