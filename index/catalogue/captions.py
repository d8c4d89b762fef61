"""The SQL of captions, the sentences that a caption model wrote about photos, one method a statement."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Row, and_, bindparam, delete, exists, insert, select

from index.catalogue.builds import portions
from index.catalogue.schema import Caption, Photo, PhotoRecord, Sentence, SentenceRecord
from index.values import CaptionRow, KnownPhoto


class CaptionRepository:
    """Statements about captions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def sentences_of(self, photo_ids: Sequence[int]) -> set[int]:
        """The numbers of the sentences that are captions of photos."""
        found: set[int] = set()
        for some in portions(photo_ids):
            found.update(
                self._connection.execute(select(Caption.sentence_id).where(Caption.photo_id.in_(some))).scalars()
            )
        return found

    def delete_captions(self, photo_ids: Sequence[int]) -> None:
        """Take the captions from photos; their sentences stay."""
        for some in portions(photo_ids):
            self._connection.execute(delete(Caption).where(Caption.photo_id.in_(some)))

    def add_captions(
        self, captioner: str, captions: Mapping[int, Sequence[CaptionRow]], sentence_ids: Mapping[str, int]
    ) -> None:
        """Give photos without captions theirs, best first; every text has its number in `sentence_ids`."""
        rows = [
            {
                "photo_id": photo_id,
                "position": position,
                "sentence_id": sentence_ids[caption.text],
                "log_probability": caption.log_probability,
                "captioner": captioner,
            }
            for photo_id, own in captions.items()
            for position, caption in enumerate(own)
        ]
        if rows:
            self._connection.execute(insert(Caption), rows)

    def copy_captions(self, from_photo: int, to_photo: int) -> None:
        """Give a photo without captions those of another with the same content."""
        columns = ("position", "sentence_id", "log_probability", "captioner")
        source = select(bindparam("to_photo", to_photo), *(getattr(Caption, name) for name in columns)).where(
            Caption.photo_id == from_photo
        )
        self._connection.execute(insert(Caption).from_select(["photo_id", *columns], source))

    def photos_without_captions(self, build_id: int, captioner: str) -> dict[str, KnownPhoto]:
        """The photos of a build whose file is there and that have no caption by a caption model, by path."""
        statement = (
            select(Photo.path, Photo.id, Photo.size, Photo.mtime_ns, Photo.content_hash)
            .join(PhotoRecord, and_(PhotoRecord.photo_id == Photo.id, PhotoRecord.build_id == build_id))
            .where(
                Photo.missing_since.is_(None),
                ~exists().where(Caption.photo_id == Photo.id, Caption.captioner == captioner),
            )
            .order_by(Photo.id)
        )
        return {row[0]: KnownPhoto(*row[1:], embedded=True) for row in self._connection.execute(statement)}

    def best_captions(self, build_id: int) -> Sequence[Row[int, int]]:
        """(photo, sentence) of the best caption of every photo, as far as the build has embedded both, by photo.

        Photos whose file has disappeared have none.
        """
        statement = (
            select(Caption.photo_id, Caption.sentence_id)
            .join(Photo, Photo.id == Caption.photo_id)
            .join(PhotoRecord, and_(PhotoRecord.photo_id == Caption.photo_id, PhotoRecord.build_id == build_id))
            .join(
                SentenceRecord,
                and_(SentenceRecord.sentence_id == Caption.sentence_id, SentenceRecord.build_id == build_id),
            )
            .where(Caption.position == 0, Photo.missing_since.is_(None))
            .order_by(Caption.photo_id)
        )
        return self._connection.execute(statement).all()

    def captions(self, photo_ids: Sequence[int]) -> dict[int, list[CaptionRow]]:
        """The captions of those of the photos that have some, best first."""
        found: dict[int, list[CaptionRow]] = {}
        for some in portions(photo_ids):
            rows = self._connection.execute(
                select(Caption.photo_id, Sentence.text, Caption.log_probability)
                .join(Sentence, Sentence.id == Caption.sentence_id)
                .where(Caption.photo_id.in_(some))
                .order_by(Caption.photo_id, Caption.position)
            )
            for photo_id, text, log_probability in rows:
                found.setdefault(photo_id, []).append(CaptionRow(text, log_probability))
        return found
