"""The text that stands in the photos of a library, read once a photo and kept in small transactions."""

from collections.abc import Sequence
from contextlib import closing

from engine.errors import PhotoError
from engine.library.report import PHOTO_BATCH, IndexReport, Progress, Report
from engine.library.stored_files import StoredFile, stored_files
from engine.photos.access import at_hand
from engine.photos.decode import decode
from engine.photos.given import Photo
from engine.photos.hashing import content_hash
from engine.photos.location import is_remote
from engine.photos.walk import Failure, FoundPhoto
from engine.reading.text_reader import CUT_SIDE, GLANCE_SIDE, WORKERS, TextReader
from engine.runtime.ahead import in_order
from index import PhotoText, Writer


class LibraryTexts:
    """Reads the text in the photos of a library.

    A photo that was not read is simply one that is still to be read, so a run may end anywhere.

    Args:
        writer: the library, open for writing.
        reader: reads them.
        max_pixels: the largest photo taken; None for a limit that the memory of the machine gives.
    """

    def __init__(self, writer: Writer, reader: TextReader, max_pixels: int | None = None) -> None:
        self._writer = writer
        self._reader = reader
        self._max_pixels = max_pixels

    def read_missing(self, report: Report, result: IndexReport) -> None:
        """Read the photos that this reader has not read yet; copies are read once.

        A photo whose file is gone or holds something else by now is passed by.
        """
        failed = {failure.path for failure in result.failed}
        photos = self._writer.photos_without_text(self._reader.name)
        to_read = stored_files(photos, self._writer.roots(), failed)
        batch: dict[int, Sequence[PhotoText]] = {}
        with closing(in_order(self._read, to_read, WORKERS, "text")) as texts:
            for number, stored in enumerate(to_read, start=1):
                with result.timed("texts"):
                    read = next(texts)
                if isinstance(read, Failure):
                    result.failed.append(read)
                elif read is not None:
                    batch |= dict.fromkeys(stored.photo_ids, read)
                    result.lines_read += len(read)
                if batch and (len(batch) >= PHOTO_BATCH or number == len(to_read)):
                    with result.timed("write"):
                        self._writer.add_read_texts(self._reader.name, batch)
                    result.texts_read += len(batch)
                    batch = {}
                report(Progress("texts", number, len(to_read)))

    def _read(self, stored: StoredFile) -> Sequence[PhotoText] | Failure | None:
        """The lines of one photo; None where its file has changed, which the next run sees."""
        path = stored.file.path
        try:
            photo = at_hand(path)
            if content_hash(photo) != stored.content_hash:
                return None
            lines = read_file(self._reader, photo, self._max_pixels)
            return lines if is_remote(path) or FoundPhoto.at(path) == stored.file else None
        except PhotoError as error:
            return Failure(path, error.reason)
        except Exception as error:  # the networks have exceptions of their own; one photo must not end the run
            return Failure(path, f"the text in it could not be read ({type(error).__name__}: {error})")


def read_file(reader: TextReader, photo: str | Photo, max_pixels: int | None = None) -> Sequence[PhotoText]:
    """The lines of a photo's file: seen small first, and decoded again only where there may be some.

    Raises:
        PhotoError: it cannot be read.
    """
    seen = decode(photo, max_pixels, GLANCE_SIDE)
    if not reader.glance(seen.image):
        return ()
    whole = seen.image.size == (seen.width, seen.height)
    return reader.read(seen.image if whole else decode(photo, max_pixels, CUT_SIDE).image)
