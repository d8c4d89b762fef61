"""The tables of a library, which are the truth about everything else in it: in one SQLite file, or on a server."""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Text,
    column,
    false,
    table,
    text,
)

from index.catalogue.declaring import Base, Mapped, PathText, mapped_column


class Build(Base):
    """One model's view of the catalogue: vectors of different builds are never mixed."""

    __tablename__ = "builds"

    id: Mapped[int] = mapped_column(primary_key=True)
    model_name: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text, unique=True)
    num_regions: Mapped[int]
    dimension: Mapped[int]
    has_global: Mapped[bool]
    created_at: Mapped[datetime]
    current: Mapped[bool]
    vectors_generation: Mapped[int] = mapped_column(server_default="0")

    # A build's id names its folder of vectors and is written in the manifest, so a number is never used again.
    __table_args__ = ({"sqlite_autoincrement": True},)


Index("uq_builds_current", Build.current, unique=True, sqlite_where=text("current"))


class Photo(Base):
    """A photo of the catalogue, whatever model looked at it.

    `taken_at` is local time, or where `taken_precision` says that only the year, month or day is known, its first
    instant; `utc_offset_minutes` is what to take from it for UTC where the file says so. A photo whose file disappeared
    is missing since some time: kept, and found by no search.
    """

    __tablename__ = "photos"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(PathText, unique=True)
    size: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)
    content_hash: Mapped[str] = mapped_column(Text, index=True)
    width: Mapped[int]
    height: Mapped[int]
    format: Mapped[str] = mapped_column(Text)
    taken_at: Mapped[datetime | None]
    camera: Mapped[str | None] = mapped_column(Text)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    added_at: Mapped[datetime]
    utc_offset_minutes: Mapped[int | None]
    pixel_hash: Mapped[str | None] = mapped_column(Text)
    perceptual_hash: Mapped[str | None] = mapped_column(Text)
    missing_since: Mapped[datetime | None]
    metadata_stamp: Mapped[str] = mapped_column(Text, server_default="")
    ctime_ns: Mapped[int] = mapped_column(BigInteger, server_default="0")
    text_reader: Mapped[str | None] = mapped_column(Text)
    taken_precision: Mapped[str] = mapped_column(Text, server_default="time")
    file_rating: Mapped[int | None]
    file_label: Mapped[str | None] = mapped_column(Text)


class Root(Base):
    """A file or folder that was indexed by name, and is looked at again when the library is brought up to date."""

    __tablename__ = "roots"

    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(PathText, unique=True)
    added_at: Mapped[datetime]


class PhotoRecord(Base):
    """Which record of a build's photo store holds a photo's vectors; copies of one photo share a record."""

    __tablename__ = "photo_records"

    build_id: Mapped[int] = mapped_column(ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True, index=True)
    record: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = ({"sqlite_with_rowid": False},)


class PhotoRegions(Base):
    """The regions of a photo as a build saw them, in one value: see `index.catalogue.regions`.

    They stand beside the record and not in it: whatever reads the records of all photos would read them too.
    """

    __tablename__ = "photo_regions"

    build_id: Mapped[int] = mapped_column(primary_key=True)
    photo_id: Mapped[int] = mapped_column(primary_key=True)
    numbers: Mapped[bytes] = mapped_column(LargeBinary)

    # The record is the parent: a photo or a build that goes takes its records along, and those their regions.
    __table_args__ = (
        CheckConstraint("typeof(numbers) = 'blob'", name="numbers").ddl_if(dialect="sqlite"),
        ForeignKeyConstraint(
            ["build_id", "photo_id"], ["photo_records.build_id", "photo_records.photo_id"], ondelete="CASCADE"
        ),
        {"sqlite_with_rowid": False},
    )


class PhotoText(Base):
    """A text of a photo or, without one, of a file of sentences, its `origin`; see `values.PhotoText`."""

    __tablename__ = "texts"

    id: Mapped[int] = mapped_column(primary_key=True)
    photo_id: Mapped[int | None] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), index=True)
    source: Mapped[str] = mapped_column(Text)
    field: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    origin: Mapped[str | None] = mapped_column(PathText)
    x0: Mapped[float | None]
    y0: Mapped[float | None]
    x1: Mapped[float | None]
    y1: Mapped[float | None]
    confidence: Mapped[float | None]


Index("ix_texts_sentences", PhotoText.text, sqlite_where=PhotoText.photo_id.is_(None))


class Sentence(Base):
    """A sentence of the catalogue that is put into the space of the model, and where it came from.

    It stays as long as a text or a caption says it: `generated` when only a caption model wrote it, `of_photos` when
    it stands beside photos and in no file of sentences.
    """

    __tablename__ = "sentences"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text, unique=True)
    source: Mapped[str] = mapped_column(PathText)
    generated: Mapped[bool] = mapped_column(server_default=false())
    of_photos: Mapped[bool] = mapped_column(server_default=false())


class Caption(Base):
    """A sentence that a caption model, named by its fingerprint, wrote about a photo; position 0 is the best."""

    __tablename__ = "captions"

    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sentence_id: Mapped[int] = mapped_column(ForeignKey("sentences.id", ondelete="CASCADE"), index=True)
    log_probability: Mapped[float]
    captioner: Mapped[str] = mapped_column(Text)

    __table_args__ = ({"sqlite_with_rowid": False},)


class SentenceRecord(Base):
    """Where a build's sentence store holds a sentence: its first row and its number of words."""

    __tablename__ = "sentence_records"

    build_id: Mapped[int] = mapped_column(ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True)
    sentence_id: Mapped[int] = mapped_column(
        ForeignKey("sentences.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    start: Mapped[int] = mapped_column(BigInteger)
    num_words: Mapped[int]

    __table_args__ = ({"sqlite_with_rowid": False},)


class Segment(Base):
    """What has been committed of one file of vectors; bytes beyond it were never part of the library."""

    __tablename__ = "segments"

    build_id: Mapped[int] = mapped_column(ForeignKey("builds.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    num_rows: Mapped[int]
    crc32: Mapped[int] = mapped_column(BigInteger)
    mtime_ns: Mapped[int] = mapped_column(BigInteger)

    __table_args__ = (
        CheckConstraint("kind IN ('photos', 'sentences')", name="kind"),
        {"sqlite_with_rowid": False},
    )


class Album(Base):
    """Photos that a person put together. `key` is its name in the form in which names that look alike are equal."""

    __tablename__ = "albums"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text, unique=True)
    description: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    cover_id: Mapped[int | None] = mapped_column(ForeignKey("photos.id", ondelete="SET NULL"), index=True)


class AlbumPhoto(Base):
    """A photo of an album, in order of `position`: as they were added."""

    __tablename__ = "album_photos"

    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id", ondelete="CASCADE"), primary_key=True)
    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True, index=True)
    position: Mapped[int]

    __table_args__ = ({"sqlite_with_rowid": False},)


class PhotoMark(Base):
    """What a person says of a photo in the library, and in no file; a rating or a label of theirs wins over the file's.

    There is no row for a photo of which nothing is said.
    """

    __tablename__ = "photo_marks"

    photo_id: Mapped[int] = mapped_column(ForeignKey("photos.id", ondelete="CASCADE"), primary_key=True)
    favourite: Mapped[bool]
    hidden: Mapped[bool]
    rating: Mapped[int | None]
    label: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (CheckConstraint("rating BETWEEN 0 AND 5", name="rating"), {"sqlite_with_rowid": False})


Index("ix_photo_marks_hidden", PhotoMark.photo_id, sqlite_where=text("hidden"))


class SavedSearch(Base):
    """A question with a name; all that was asked is one JSON object, which the index does not read."""

    __tablename__ = "saved_searches"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    key: Mapped[str] = mapped_column(Text, unique=True)
    question: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class SharedLink(Base):
    """A link that shows an album to whoever has it, until `ends_at` (UTC); of its token the SHA-256 alone is kept."""

    __tablename__ = "shared_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    album_id: Mapped[int] = mapped_column(ForeignKey("albums.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    originals: Mapped[bool]

    # A number is never used again: who ends the link of a number means the one that had it.
    __table_args__ = ({"sqlite_autoincrement": True},)


FULL_TEXT = table("full_text", column("rowid", Integer), column("words", Text))
"""The words written about each photo, by its number: a virtual table of SQLite's FTS5, derived from the others."""

FULL_TEXT_WORDS = table("full_text_words", column("term", Text), column("doc", Integer))
"""Every word of it, and in how many rows it stands."""
