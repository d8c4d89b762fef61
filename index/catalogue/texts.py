"""The SQL of texts, which belong to photos or to files of sentences; one method a statement."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, delete, exists, insert, select, update

from index.catalogue.builds import portions
from index.catalogue.schema import Caption, Photo, PhotoText, Sentence, SentenceRecord
from index.values import PhotoText as Text

SAID_OF_PHOTOS = "description"
"""The field of the texts that are sentences about a photo, and are put into the space of the model."""


class TextRepository:
    """Statements about texts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_texts(self, texts: Mapping[int, Sequence[Text]]) -> None:
        """Give photos texts besides those that they have."""
        rows = [_row(photo_id, text) for photo_id, own in texts.items() for text in own]
        for some in portions(rows):
            self._connection.execute(insert(PhotoText), some)

    def delete_texts(self, photo_ids: Sequence[int], *, read_in_photos: bool) -> None:
        """Take from photos the texts that were read in them, or the others."""
        for some in portions(photo_ids):
            of_photos = and_(PhotoText.photo_id.in_(some), (PhotoText.source == "photo").is_(read_in_photos))
            self._connection.execute(delete(PhotoText).where(of_photos))

    def copy_texts(self, from_photo: int, to_photo: int) -> None:
        """Give a photo the texts that were read in another with the same content."""
        names = [column.name for column in PhotoText.__table__.columns if column.name not in ("id", "photo_id")]
        source = select(bindparam("to_photo", to_photo), *(getattr(PhotoText, name) for name in names)).where(
            PhotoText.photo_id == from_photo, PhotoText.source == "photo"
        )
        self._connection.execute(insert(PhotoText).from_select(["photo_id", *names], source))

    def texts(self, photo_ids: Sequence[int]) -> dict[int, list[Text]]:
        """The texts of those of the photos that have some, in the order they were added."""
        found: dict[int, list[Text]] = {}
        for some in portions(photo_ids):
            statement = select(PhotoText.__table__).where(PhotoText.photo_id.in_(some)).order_by(PhotoText.id)
            for row in self._connection.execute(statement):
                found.setdefault(row.photo_id, []).append(_text(row))
        return found

    def replace_file(self, origin: str, sentences: Sequence[str]) -> int:
        """Let these be the sentences of a file; none, where it is to be forgotten. Returns how many it had."""
        of_file = delete(PhotoText).where(PhotoText.photo_id.is_(None), PhotoText.origin == origin)
        before = self._connection.execute(of_file).rowcount
        self.add_sentences_of_files([(text, origin) for text in dict.fromkeys(sentences)])
        return before

    def add_sentences_of_files(self, sentences: Sequence[tuple[str, str]]) -> None:
        """Add sentences, each with its file, to those that there are."""
        rows = [{"source": "file", "field": "sentence", "text": text, "origin": origin} for text, origin in sentences]
        for some in portions(rows):
            self._connection.execute(insert(PhotoText), some)

    def files_of(self, sentences: Sequence[str]) -> dict[str, list[str]]:
        """The files in which sentences stand, as far as they stand in any."""
        found: dict[str, list[str]] = {}
        for some in portions(sentences):
            in_files = and_(PhotoText.photo_id.is_(None), PhotoText.text.in_(some), PhotoText.origin.is_not(None))
            statement = select(PhotoText.text, PhotoText.origin).where(in_files).order_by(PhotoText.id)
            for text, origin in self._connection.execute(statement):
                found.setdefault(text, []).append(str(origin))
        return found

    def files(self) -> list[str]:
        """The files of sentences."""
        statement = select(PhotoText.origin).where(PhotoText.photo_id.is_(None), PhotoText.source == "file").distinct()
        return sorted(origin for origin in self._connection.execute(statement).scalars() if origin is not None)

    def forget_unknown_places(self) -> None:
        """Remove what earlier versions kept of photos that have been read again, or are not there any more."""
        self._connection.execute(delete(PhotoText).where(PhotoText.photo_id.is_(None), PhotoText.source == "metadata"))

    def sentences_to_embed(self, build_id: int) -> list[tuple[str, str, bool]]:
        """(text, source, of a photo) of the sentences of persons that the build has not embedded, each once.

        A photo whose file has disappeared says nothing.
        """
        statement = (
            _said()
            .join(Sentence, Sentence.text == PhotoText.text, isouter=True)
            .join(
                SentenceRecord,
                and_(SentenceRecord.sentence_id == Sentence.id, SentenceRecord.build_id == build_id),
                isouter=True,
            )
            .where(SentenceRecord.sentence_id.is_(None) | Sentence.generated)
            .order_by(PhotoText.photo_id.is_not(None), PhotoText.id)
        )
        found: dict[str, tuple[str, str, bool]] = {}
        for text, origin, path in self._connection.execute(statement):
            found.setdefault(text, (text, origin or path or "", path is not None))
        return list(found.values())

    def settle_sentences(self) -> None:
        """Forget the sentences that no text and no caption says any more, and note which stand beside photos only."""
        said = _said().with_only_columns(PhotoText.text)
        in_files = select(PhotoText.text).where(PhotoText.photo_id.is_(None))
        run = self._connection.execute
        run(
            update(Sentence)
            .where(~Sentence.generated, Sentence.text.not_in(said))
            .values(generated=True, of_photos=False)
        )
        run(delete(Sentence).where(Sentence.generated, ~exists().where(Caption.sentence_id == Sentence.id)))
        of_photos = and_(~Sentence.generated, Sentence.text.not_in(in_files))
        run(update(Sentence).where(Sentence.of_photos != of_photos).values(of_photos=of_photos))


def _said() -> Select[str, str | None, str]:
    """(text, file that it stands in, photo) of every sentence of persons: in files, and about photos that are there."""
    return (
        select(PhotoText.text, PhotoText.origin, Photo.path)
        .join(Photo, Photo.id == PhotoText.photo_id, isouter=True)
        .where(PhotoText.photo_id.is_(None) | and_(PhotoText.field == SAID_OF_PHOTOS, Photo.missing_since.is_(None)))
    )


def _row(photo_id: int, text: Text) -> dict[str, Any]:
    row = asdict(text)
    x0, y0, x1, y1 = row.pop("box") or (None,) * 4
    return {"photo_id": photo_id, "x0": x0, "y0": y0, "x1": x1, "y1": y1, **row}


def _text(row: Row[Any]) -> Text:
    box = None if row.x0 is None else (row.x0, row.y0, row.x1, row.y1)
    return Text(row.source, row.field, row.text, box, row.confidence, row.origin)
