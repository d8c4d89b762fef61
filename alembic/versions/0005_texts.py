"""Texts belong to photos or to files of sentences, and are found by their words.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-28 19:40:00.000000
"""

from pathlib import Path
from typing import Any

import sqlalchemy as sa

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_AT_ONCE = 10_000
_INSIDE = "metadata of "  # what earlier versions wrote before the path of the photo that a sentence stood in


def upgrade() -> None:
    op.add_column("photos", sa.Column("metadata_stamp", sa.Text(), server_default="", nullable=False))
    op.add_column("photos", sa.Column("ctime_ns", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("photos", sa.Column("text_reader", sa.Text(), nullable=True))
    op.add_column("sentences", sa.Column("of_photos", sa.Boolean(), server_default=sa.false(), nullable=False))
    texts = op.create_table(
        "texts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("photo_id", sa.Integer(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=True),
        sa.Column("x0", sa.Double(), nullable=True),
        sa.Column("y0", sa.Double(), nullable=True),
        sa.Column("x1", sa.Double(), nullable=True),
        sa.Column("y1", sa.Double(), nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["photo_id"], ["photos.id"], name=op.f("fk_texts_photo_id_photos"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_texts")),
    )
    op.create_index(op.f("ix_texts_photo_id"), "texts", ["photo_id"])
    op.create_index("ix_texts_sentences", "texts", ["text"], sqlite_where=sa.text("photo_id IS NULL"))
    _give_sentences_to_their_photos(op.get_bind(), texts)
    # The tables of full-text search are derived: whoever brings a library up to date makes them from the others.


def _give_sentences_to_their_photos(connection: sa.Connection, texts: sa.Table) -> None:
    """Earlier versions said in words where a sentence came from, and knew one place of each.

    The next run reads the photos' own texts again. A sentence of a photo that is not known by this path any more stays
    until then.
    """
    photos = sa.table("photos", sa.column("id"), sa.column("path"))
    sentences = sa.table("sentences", *map(sa.column, ("text", "source", "generated", "of_photos")))
    ids: dict[str, int] = {}
    for photo_id, path in connection.execute(sa.select(photos.c.id, photos.c.path)):
        ids[_name(path)] = ids[str(Path(_name(path)).with_suffix(""))] = photo_id
    rows: list[dict[str, Any]] = []
    written = sa.select(sentences.c.text, sentences.c.source).where(sa.not_(sentences.c.generated))
    for text, source in connection.execute(written):
        name = _name(source)
        if name.startswith(_INSIDE):
            rows.append(_text(ids.get(name.removeprefix(_INSIDE)), "metadata", "description", text, None))
        elif name.endswith(".txt") and (photo_id := ids.get(name.removesuffix(".txt"))) is not None:
            rows.append(_text(photo_id, "sidecar", "description", text, source))
        else:
            rows.append(_text(None, "file", "sentence", text, source))
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(sa.insert(texts), rows[start : start + _AT_ONCE])
    of_photos = sa.select(texts.c.text).where(texts.c.source != "file")
    connection.execute(
        sa.update(sentences)
        .where(sa.not_(sentences.c.generated), sentences.c.text.in_(of_photos))
        .values(of_photos=sa.true())
    )


def _name(value: str | bytes) -> str:
    """A file name; one that is not UTF-8 is kept as its bytes."""
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value


def _text(photo_id: int | None, source: str, field: str, text: str, origin: Any) -> dict[str, Any]:
    return {"photo_id": photo_id, "source": source, "field": field, "text": text, "origin": origin}


def downgrade() -> None:
    op.execute("DROP TABLE IF EXISTS full_text_words")
    op.execute("DROP TABLE IF EXISTS full_text")
    op.drop_table("texts")
    op.drop_column("sentences", "of_photos")
    op.drop_column("photos", "text_reader")
    op.drop_column("photos", "ctime_ns")
    op.drop_column("photos", "metadata_stamp")
