"""The SQL of exports and imports: photos and sentences in order of their numbers, one method a statement."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, func, insert, select

from index.catalogue.builds import portions
from index.catalogue.schema import Caption, Photo, PhotoText, Sentence


class ExchangeRepository:
    """Statements about whole rows of the catalogue."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def counts(self) -> tuple[int, int]:
        """How many photos and sentences there are."""
        photos = self._connection.execute(select(func.count()).select_from(Photo)).scalar_one()
        sentences = self._connection.execute(select(func.count()).select_from(Sentence)).scalar_one()
        return photos, sentences

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

    def photos_after(self, photo_id: int, limit: int) -> list[dict[str, Any]]:
        """The next photos in order of number, all columns."""
        statement = select(Photo.__table__).where(Photo.id > photo_id).order_by(Photo.id).limit(limit)
        return [dict(row._mapping) for row in self._connection.execute(statement)]

    def captions(self, photo_ids: Sequence[int]) -> list[dict[str, Any]]:
        """The captions of photos with their texts, in order of photo and position."""
        statement = (
            select(Caption.photo_id, Sentence.text, Caption.log_probability, Caption.captioner)
            .join(Sentence, Sentence.id == Caption.sentence_id)
            .where(Caption.photo_id.in_(photo_ids))
            .order_by(Caption.photo_id, Caption.position)
        )
        return [dict(row._mapping) for row in self._connection.execute(statement)]

    def sentences_after(self, sentence_id: int, limit: int) -> list[dict[str, Any]]:
        """The next sentences in order of number, all columns."""
        statement = select(Sentence.__table__).where(Sentence.id > sentence_id).order_by(Sentence.id).limit(limit)
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
