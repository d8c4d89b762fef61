"""The SQL of albums, of what people say of photos, and of saved searches, one method a statement."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from index.catalogue import schema
from index.catalogue.builds import portions, utc_now
from index.catalogue.dialects import upsert
from index.catalogue.names import key_of, unknown
from index.catalogue.photos import in_folder
from index.catalogue.schema import AlbumPhoto, Photo, PhotoMark
from index.curated import Album, MarkChange, PhotoMarks, SavedSearch
from index.errors import NameTakenError

_MARKS = ("favourite", "hidden", "rating", "label")


class CurationRepository:
    """Statements about what people keep in a library beside its photos."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def albums(self, album_id: int | None = None) -> list[Album]:
        """All albums, by name, or one."""
        album = schema.Album
        first = (
            select(AlbumPhoto.photo_id)
            .join(Photo, Photo.id == AlbumPhoto.photo_id)
            .where(AlbumPhoto.album_id == album.id, Photo.missing_since.is_(None))
            .order_by(AlbumPhoto.position)
            .limit(1)
            .scalar_subquery()
            .correlate(album.__table__)
        )
        statement = (
            select(
                album.name,
                album.description,
                album.created_at,
                func.count(AlbumPhoto.photo_id),
                func.count(Photo.missing_since),
                func.coalesce(album.cover_id, first),
            )
            .join(AlbumPhoto, AlbumPhoto.album_id == album.id, isouter=True)
            .join(Photo, Photo.id == AlbumPhoto.photo_id, isouter=True)
            .group_by(album.id)
            .order_by(album.key)
        )
        if album_id is not None:
            statement = statement.where(album.id == album_id)
        return [Album(*row) for row in self._connection.execute(statement)]

    def album_ids(self, names: Sequence[str]) -> list[int]:
        """The numbers of albums. Raises UnknownNameError."""
        album = schema.Album
        rows = self._connection.execute(select(album.key, album.id))
        known: dict[str, int] = {key: number for key, number in rows}  # noqa: C416 - they are no tuples
        for name in names:
            if key_of(name) not in known:
                raise unknown("album", name, self._connection.execute(select(album.name)).scalars())
        return [known[key_of(name)] for name in names]

    def album_id(self, name: str) -> int:
        """The number of an album. Raises UnknownNameError."""
        (number,) = self.album_ids([name])
        return number

    def members(self, album_id: int) -> list[int]:
        """The photos of an album, as they were added."""
        statement = select(AlbumPhoto.photo_id).where(AlbumPhoto.album_id == album_id).order_by(AlbumPhoto.position)
        return list(self._connection.execute(statement).scalars())

    def chosen_cover(self, album_id: int) -> int | None:
        """The photo that was chosen to stand for an album."""
        album = schema.Album
        return self._connection.execute(select(album.cover_id).where(album.id == album_id)).scalar()

    def add_album(self, name: str, description: str = "", **others: Any) -> int:
        """Make an album, and return its number. Raises NameTakenError."""
        self._require_free(schema.Album, "an album", name)
        values = {"name": name, "key": key_of(name), "description": description, "created_at": utc_now(), **others}
        result = self._connection.execute(insert(schema.Album).values(values))
        assert result.inserted_primary_key is not None
        return int(result.inserted_primary_key[0])

    def change_album(self, album_id: int, **values: Any) -> None:
        """Give an album another name, description or cover. Raises NameTakenError."""
        if "name" in values:
            self._require_free(schema.Album, "an album", values["name"], besides=album_id)
            values["key"] = key_of(values["name"])
        self._connection.execute(update(schema.Album).where(schema.Album.id == album_id).values(values))

    def delete_album(self, album_id: int) -> None:
        """Remove an album; its photos stay."""
        self._connection.execute(delete(schema.Album).where(schema.Album.id == album_id))

    def add_members(self, album_id: int, photo_ids: Sequence[int]) -> int:
        """Add photos behind the others, in this order; returns how many were not there yet."""
        last = select(func.coalesce(func.max(AlbumPhoto.position), 0)).where(AlbumPhoto.album_id == album_id)
        start = self._connection.execute(last).scalar_one() + 1
        rows = [
            {"album_id": album_id, "photo_id": photo_id, "position": position}
            for position, photo_id in enumerate(dict.fromkeys(photo_ids), start)
        ]
        if not rows:
            return 0
        before = self._num_members(album_id)
        self._connection.execute(upsert(self._connection, AlbumPhoto).on_conflict_do_nothing(), rows)
        return self._num_members(album_id) - before

    def remove_members(self, album_id: int, photo_ids: Sequence[int]) -> int:
        """Take photos out of an album; returns how many were in it. One that was its cover is it no longer."""
        number = self._num_members(album_id)
        for some in portions(photo_ids):
            self._connection.execute(
                delete(AlbumPhoto).where(AlbumPhoto.album_id == album_id, AlbumPhoto.photo_id.in_(some))
            )
            album = schema.Album
            self._connection.execute(
                update(album).where(album.id == album_id, album.cover_id.in_(some)).values(cover_id=None)
            )
        return number - self._num_members(album_id)

    def marks(self, photo_ids: Sequence[int]) -> dict[int, PhotoMarks]:
        """What is said of those of the photos that are in the catalogue, by number."""
        found: dict[int, PhotoMarks] = {}
        columns = [Photo.id, *(getattr(PhotoMark, name) for name in _MARKS), Photo.file_rating, Photo.file_label]
        for some in portions(photo_ids):
            statement = select(*columns).outerjoin(PhotoMark, PhotoMark.photo_id == Photo.id).where(Photo.id.in_(some))
            for photo_id, favourite, hidden, *others in self._connection.execute(statement):
                found[photo_id] = PhotoMarks(bool(favourite), bool(hidden), *others)
        return found

    def own_marks(self, photo_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """What people say themselves, of those of the photos of which they say something."""
        found: dict[int, dict[str, Any]] = {}
        for some in portions(photo_ids):
            statement = select(PhotoMark.__table__).where(PhotoMark.photo_id.in_(some))
            for row in self._connection.execute(statement):
                values = dict(row._mapping)
                found[values.pop("photo_id")] = values
        return found

    def mark(self, photo_ids: Sequence[int], change: MarkChange) -> int:
        """Say something of photos; returns of how many something else is said now."""
        given = {name: value for name, value in asdict(change).items() if name in _MARKS and value is not None}
        if change.from_file:
            given = {"rating": None, "label": None, **given}
        before = self.own_marks(photo_ids)
        nothing: dict[str, Any] = {"favourite": False, "hidden": False, "rating": None, "label": None}
        after = {photo_id: before.get(photo_id, nothing) | given for photo_id in photo_ids}
        changed = {photo_id: own for photo_id, own in after.items() if own != before.get(photo_id, nothing)}
        for some in portions(list(changed)):
            self._connection.execute(delete(PhotoMark).where(PhotoMark.photo_id.in_(some)))
        self.add_marks({photo_id: own for photo_id, own in changed.items() if own != nothing})
        return len(changed)

    def add_marks(self, marks: dict[int, dict[str, Any]]) -> None:
        """Say something of photos of which nothing is said."""
        if marks:
            rows = [{"photo_id": photo_id, **own} for photo_id, own in marks.items()]
            self._connection.execute(insert(PhotoMark), rows)

    def hand_over(self, photo_ids: Sequence[int]) -> None:
        """Let photos of the same content be in the albums of photos that are missing, with what is said of those.

        So an album keeps a photo whose new place was indexed before its old one was found to be empty.
        """
        marks = self.own_marks(photo_ids)
        rows = [
            row
            for some in portions(photo_ids)
            for row in self._connection.execute(select(AlbumPhoto.__table__).where(AlbumPhoto.photo_id.in_(some)))
        ]
        heirs = self._same_content({*marks, *(row.photo_id for row in rows)})
        members = [dict(row._mapping) | {"photo_id": heirs[row.photo_id]} for row in rows if row.photo_id in heirs]
        if members:
            self._connection.execute(upsert(self._connection, AlbumPhoto).on_conflict_do_nothing(), members)
        said = [{"photo_id": heirs[photo_id], **own} for photo_id, own in marks.items() if photo_id in heirs]
        if said:
            self._connection.execute(upsert(self._connection, PhotoMark).on_conflict_do_nothing(), said)

    def saved_searches(self) -> list[SavedSearch]:
        """All saved searches, by name."""
        saved = schema.SavedSearch
        statement = select(saved.name, saved.question, saved.created_at).order_by(saved.key)
        return [SavedSearch(*row) for row in self._connection.execute(statement)]

    def save_search(self, name: str, question: str, *, replace: bool, **others: Any) -> None:
        """Keep a question under a name. Raises NameTakenError unless it may take the place of another."""
        saved = schema.SavedSearch
        if replace:
            self._connection.execute(delete(saved).where(saved.key == key_of(name)))
        self._require_free(saved, "a saved search", name)
        values = {"name": name, "key": key_of(name), "question": question, "created_at": utc_now(), **others}
        self._connection.execute(insert(saved).values(values))

    def delete_search(self, name: str) -> None:
        """Forget a saved search. Raises UnknownNameError."""
        saved = schema.SavedSearch
        result = self._connection.execute(delete(saved).where(saved.key == key_of(name)))
        if not result.rowcount:
            raise unknown("saved search", name, self._connection.execute(select(saved.name)).scalars())

    def photos_at(self, path: str) -> list[int]:
        """The photo at a path, or those in a folder and below it, in order of path."""
        exact = list(self._connection.execute(select(Photo.id).where(Photo.path == path)).scalars())
        below = select(Photo.id).where(in_folder(path)).order_by(Photo.path)
        return exact or list(self._connection.execute(below).scalars())

    def _same_content(self, photo_ids: set[int]) -> dict[int, int]:
        """For some photos another one of the same content whose file is there, where there is one."""
        gone, here = Photo.__table__.alias(), Photo.__table__.alias()
        heirs: dict[int, int] = {}
        for some in portions(sorted(photo_ids)):
            statement = (
                select(gone.c.id, func.min(here.c.id))
                .join(here, here.c.content_hash == gone.c.content_hash)
                .where(gone.c.id.in_(some), here.c.missing_since.is_(None))
                .group_by(gone.c.id)
            )
            heirs.update((row[0], row[1]) for row in self._connection.execute(statement))
        return heirs

    def _num_members(self, album_id: int) -> int:
        statement = select(func.count()).select_from(AlbumPhoto).where(AlbumPhoto.album_id == album_id)
        return int(self._connection.execute(statement).scalar_one())

    def _require_free(self, table: Any, what: str, name: str, besides: int | None = None) -> None:
        statement = select(table.name).where(table.key == key_of(name), table.id.is_distinct_from(besides))
        taken = self._connection.execute(statement).scalar()
        if taken is not None:
            raise NameTakenError(f"There is {what} {taken!r} already; choose another name.")
