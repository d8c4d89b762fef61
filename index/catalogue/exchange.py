"""The SQL of exports and imports: photos and sentences in order of their numbers, one method a statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select

from index.catalogue.builds import portions
from index.catalogue.schema import (
    Album,
    AlbumPhoto,
    Caption,
    Photo,
    PhotoRecord,
    PhotoText,
    SavedSearch,
    Sentence,
    SentenceRecord,
)


class ExchangeRepository:
    """Statements about whole rows of the catalogue."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self) -> dict[str, int]:
        """How many photos, sentences, texts, albums and saved searches there are."""
        tables = {"photos": Photo, "sentences": Sentence, "texts": PhotoText}
        tables |= {"albums": Album, "saved searches": SavedSearch}
        count = select(func.count())
        return {name: self._connection.execute(count.select_from(of)).scalar_one() for name, of in tables.items()}

    def photo_ids(self) -> list[int]:
        """The numbers of all photos, in order."""
        return list(self._connection.execute(select(Photo.id).order_by(Photo.id)).scalars())

    def sentences_about(self, photo_ids: Sequence[int]) -> set[int]:
        """The numbers of the sentences that texts or captions of some photos say."""
        found: set[int] = set()
        for some in portions(photo_ids):
            said = select(PhotoText.text).where(PhotoText.photo_id.in_(some))
            found.update(self._connection.execute(select(Sentence.id).where(Sentence.text.in_(said))).scalars())
            captions = select(Caption.sentence_id).where(Caption.photo_id.in_(some))
            found.update(self._connection.execute(captions).scalars())
        return found

    def photos_after(self, photo_id: int | None, limit: int) -> list[dict[str, Any]]:
        """The next photos in order of number, or the first, all columns."""
        return self._rows_after(Photo.__table__, photo_id, limit)

    def records(self, build_id: int, photo_ids: Sequence[int]) -> dict[int, int]:
        """The records of those of some photos that a build has embedded, by number."""
        of_build = PhotoRecord.build_id == build_id
        statement = select(PhotoRecord.photo_id, PhotoRecord.record).where(
            of_build, PhotoRecord.photo_id.in_(photo_ids)
        )
        return {row[0]: row[1] for row in self._connection.execute(statement)}

    def shared_records(self, build_id: int) -> set[int]:
        """The records of a build that several photos have."""
        statement = select(PhotoRecord.record).where(PhotoRecord.build_id == build_id).group_by(PhotoRecord.record)
        return set(self._connection.execute(statement.having(func.count() > 1)).scalars())

    def sentence_records(self, build_id: int, sentence_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
        """(first row, number of words) of those of some sentences that a build has embedded, by number."""
        statement = select(SentenceRecord.sentence_id, SentenceRecord.start, SentenceRecord.num_words).where(
            SentenceRecord.build_id == build_id, SentenceRecord.sentence_id.in_(sentence_ids)
        )
        return {row[0]: (row[1], row[2]) for row in self._connection.execute(statement)}

    def photos_in_albums(self) -> set[int]:
        """The photos that any album has, or has as its cover."""
        members, covers = select(AlbumPhoto.photo_id), select(Album.cover_id).where(Album.cover_id.is_not(None))
        return set(self._connection.execute(members.union(covers)).scalars())

    def captions(self, photo_ids: Sequence[int]) -> list[dict[str, Any]]:
        """The captions of photos with their texts, in order of photo and position."""
        statement = (
            select(Caption.photo_id, Sentence.text, Caption.log_probability, Caption.captioner)
            .join(Sentence, Sentence.id == Caption.sentence_id)
            .where(Caption.photo_id.in_(photo_ids))
            .order_by(Caption.photo_id, Caption.position)
        )
        return [dict(row._mapping) for row in self._connection.execute(statement)]

    def sentences_after(self, sentence_id: int | None, limit: int) -> list[dict[str, Any]]:
        """The next sentences in order of number, or the first, all columns."""
        return self._rows_after(Sentence.__table__, sentence_id, limit)

    def _rows_after(self, table: Table, number: int | None, limit: int) -> list[dict[str, Any]]:
        statement = select(table).order_by(table.c.id).limit(limit)
        if number is not None:
            statement = statement.where(table.c.id > number)
        return [dict(row._mapping) for row in self._connection.execute(statement)]

    def add_photos(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add photos with all their columns."""
        self._connection.execute(insert(Photo), rows)

    def add_sentences(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add sentences with all their columns."""
        self._connection.execute(insert(Sentence), rows)

    def add_captions(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add captions with all their columns."""
        for some in portions(rows):
            self._connection.execute(insert(Caption), some)

    def go_on_numbering(self) -> None:
        """Let a server number the next photo and the next sentence after those that were added with their numbers."""
        for table in (Photo.__table__, Sentence.__table__):
            sequence = func.pg_get_serial_sequence(table.name, "id")
            self._connection.execute(select(func.setval(sequence, select(func.max(table.c.id)).scalar_subquery())))
