"""The SQL of links that show an album to whoever has them, one method a statement."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from index.catalogue.builds import utc_now
from index.catalogue.schema import Album, AlbumPhoto, Photo, PhotoMark
from index.catalogue.schema import SharedLink as Link
from index.curated import SharedLink


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link that works: the number of its album, when it ends (UTC), and whether originals are given."""

    album_id: int
    ends_at: datetime
    originals: bool


class SharingRepository:
    """Statements about shared links; their tokens are known by hashes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, album_id: int, token_hash: bytes, ends_at: datetime, *, originals: bool) -> None:
        """Let a token show an album until some time (UTC)."""
        values = {"token_hash": token_hash, "created_at": utc_now(), "ends_at": ends_at, "originals": originals}
        self._connection.execute(insert(Link).values(album_id=album_id, **values))

    def links(self) -> list[SharedLink]:
        """All links, those that have ended too, by album and number."""
        statement = (
            select(Link.id, Album.name, Link.created_at, Link.ends_at, Link.originals)
            .join(Album, Album.id == Link.album_id)
            .order_by(Album.key, Link.id)
        )
        return [SharedLink(*row) for row in self._connection.execute(statement)]

    def delete(self, album_id: int, number: int | None = None) -> int:
        """Forget all links of an album, or one; returns how many there were."""
        statement = delete(Link).where(Link.album_id == album_id)
        if number is not None:
            statement = statement.where(Link.id == number)
        return self._connection.execute(statement).rowcount

    def delete_ended(self) -> None:
        """Forget the links that have ended."""
        self._connection.execute(delete(Link).where(Link.ends_at <= utc_now()))

    def open_link(self, token_hash: bytes) -> OpenLink | None:
        """What a token opens now; None where it opens nothing."""
        statement = select(Link.album_id, Link.ends_at, Link.originals).where(
            Link.token_hash == token_hash, Link.ends_at > utc_now()
        )
        row = self._connection.execute(statement).first()
        return None if row is None else OpenLink(*row)

    def shown(self, album_id: int, photo_id: int | None = None) -> list[int]:
        """The photos of an album that others may see, as they were added: not those that are missing or hidden.

        With `photo_id` that one, if it is among them.
        """
        statement = (
            select(AlbumPhoto.photo_id)
            .join(Photo, Photo.id == AlbumPhoto.photo_id)
            .join(PhotoMark, PhotoMark.photo_id == AlbumPhoto.photo_id, isouter=True)
            .where(AlbumPhoto.album_id == album_id, Photo.missing_since.is_(None), PhotoMark.hidden.is_not(True))
            .order_by(AlbumPhoto.position)
        )
        if photo_id is not None:
            statement = statement.where(AlbumPhoto.photo_id == photo_id)
        return list(self._connection.execute(statement).scalars())
