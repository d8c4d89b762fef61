"""All tables of a library on a server, as schema 0008 of a folder's library has them.

What earlier revisions converted no library on a server ever had. The tables of vectors are made with each build,
because a column of vectors has the dimension of a model (index/catalogue/server/vectors.py).

Revision ID: server_0001
Create Date: 2026-11-29 14:30:00.000000
"""

from alembic import op

revision = "server_0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = r"""
CREATE TABLE builds (
    id SERIAL NOT NULL,
    model_name TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    num_regions INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    has_global BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    current BOOLEAN NOT NULL,
    vectors_generation INTEGER DEFAULT 0 NOT NULL,
    CONSTRAINT pk_builds PRIMARY KEY (id),
    CONSTRAINT uq_builds_fingerprint UNIQUE (fingerprint)
);

CREATE UNIQUE INDEX uq_builds_current ON builds (current) WHERE current;

CREATE TABLE photos (
    id SERIAL NOT NULL,
    path BYTEA NOT NULL,
    size BIGINT NOT NULL,
    mtime_ns BIGINT NOT NULL,
    content_hash TEXT NOT NULL,
    width INTEGER NOT NULL,
    height INTEGER NOT NULL,
    format TEXT NOT NULL,
    taken_at TIMESTAMP,
    camera TEXT,
    latitude DOUBLE PRECISION,
    longitude DOUBLE PRECISION,
    added_at TIMESTAMP NOT NULL,
    utc_offset_minutes INTEGER,
    pixel_hash TEXT,
    perceptual_hash TEXT,
    missing_since TIMESTAMP,
    metadata_stamp TEXT DEFAULT '' NOT NULL,
    ctime_ns BIGINT DEFAULT 0 NOT NULL,
    text_reader TEXT,
    taken_precision TEXT DEFAULT 'time' NOT NULL,
    file_rating INTEGER,
    file_label TEXT,
    CONSTRAINT pk_photos PRIMARY KEY (id),
    CONSTRAINT uq_photos_path UNIQUE (path),
    folder BYTEA GENERATED ALWAYS AS (
        decode(regexp_replace(encode(path, 'escape'), '/[^/]*$', ''), 'escape')
    ) STORED
);

CREATE INDEX ix_photos_folder ON photos (folder);

CREATE INDEX ix_photos_missing ON photos (id) WHERE missing_since IS NOT NULL;

CREATE INDEX ix_photos_taken_at ON photos (taken_at);

CREATE INDEX ix_photos_content_hash ON photos (content_hash);

CREATE TABLE roots (
    id SERIAL NOT NULL,
    path BYTEA NOT NULL,
    added_at TIMESTAMP NOT NULL,
    CONSTRAINT pk_roots PRIMARY KEY (id),
    CONSTRAINT uq_roots_path UNIQUE (path)
);

CREATE TABLE saved_searches (
    id SERIAL NOT NULL,
    name TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    question TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    CONSTRAINT pk_saved_searches PRIMARY KEY (id),
    CONSTRAINT uq_saved_searches_key UNIQUE (key)
);

CREATE TABLE sentences (
    id SERIAL NOT NULL,
    text TEXT NOT NULL,
    source BYTEA NOT NULL,
    generated BOOLEAN DEFAULT false NOT NULL,
    of_photos BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT pk_sentences PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_sentences_text ON sentences (md5(text));

CREATE INDEX ix_sentences_text ON sentences USING hash (text);

CREATE TABLE albums (
    id SERIAL NOT NULL,
    name TEXT NOT NULL,
    key TEXT COLLATE "C" NOT NULL,
    description TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    cover_id INTEGER,
    CONSTRAINT pk_albums PRIMARY KEY (id),
    CONSTRAINT uq_albums_key UNIQUE (key),
    CONSTRAINT fk_albums_cover_id_photos FOREIGN KEY (cover_id)
        REFERENCES photos (id) ON DELETE SET NULL
);

CREATE INDEX ix_albums_cover_id ON albums (cover_id);

CREATE TABLE captions (
    photo_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    sentence_id INTEGER NOT NULL,
    log_probability DOUBLE PRECISION NOT NULL,
    captioner TEXT NOT NULL,
    CONSTRAINT pk_captions PRIMARY KEY (photo_id, position),
    CONSTRAINT fk_captions_photo_id_photos FOREIGN KEY (photo_id)
        REFERENCES photos (id) ON DELETE CASCADE,
    CONSTRAINT fk_captions_sentence_id_sentences FOREIGN KEY (sentence_id)
        REFERENCES sentences (id) ON DELETE CASCADE
);

CREATE INDEX ix_captions_sentence_id ON captions (sentence_id);

CREATE TABLE photo_marks (
    photo_id INTEGER NOT NULL,
    favourite BOOLEAN NOT NULL,
    hidden BOOLEAN NOT NULL,
    rating INTEGER,
    label TEXT,
    CONSTRAINT pk_photo_marks PRIMARY KEY (photo_id),
    CONSTRAINT ck_photo_marks_rating CHECK (rating BETWEEN 0 AND 5),
    CONSTRAINT fk_photo_marks_photo_id_photos FOREIGN KEY (photo_id)
        REFERENCES photos (id) ON DELETE CASCADE
);

CREATE INDEX ix_photo_marks_hidden ON photo_marks (photo_id) WHERE hidden;

CREATE TABLE photo_records (
    build_id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    record BIGINT NOT NULL,
    CONSTRAINT pk_photo_records PRIMARY KEY (build_id, photo_id),
    CONSTRAINT fk_photo_records_build_id_builds FOREIGN KEY (build_id)
        REFERENCES builds (id) ON DELETE CASCADE,
    CONSTRAINT fk_photo_records_photo_id_photos FOREIGN KEY (photo_id)
        REFERENCES photos (id) ON DELETE CASCADE
);

CREATE INDEX ix_photo_records_photo_id ON photo_records (photo_id);

CREATE INDEX ix_photo_records_record ON photo_records (build_id, record);

CREATE TABLE sentence_records (
    build_id INTEGER NOT NULL,
    sentence_id INTEGER NOT NULL,
    start BIGINT NOT NULL,
    num_words INTEGER NOT NULL,
    CONSTRAINT pk_sentence_records PRIMARY KEY (build_id, sentence_id),
    CONSTRAINT fk_sentence_records_build_id_builds FOREIGN KEY (build_id)
        REFERENCES builds (id) ON DELETE CASCADE,
    CONSTRAINT fk_sentence_records_sentence_id_sentences FOREIGN KEY (sentence_id)
        REFERENCES sentences (id) ON DELETE CASCADE
);

CREATE INDEX ix_sentence_records_sentence_id ON sentence_records (sentence_id);

CREATE TABLE texts (
    id SERIAL NOT NULL,
    photo_id INTEGER,
    source TEXT NOT NULL,
    field TEXT NOT NULL,
    text TEXT NOT NULL,
    origin BYTEA,
    x0 DOUBLE PRECISION,
    y0 DOUBLE PRECISION,
    x1 DOUBLE PRECISION,
    y1 DOUBLE PRECISION,
    confidence DOUBLE PRECISION,
    CONSTRAINT pk_texts PRIMARY KEY (id),
    CONSTRAINT fk_texts_photo_id_photos FOREIGN KEY (photo_id)
        REFERENCES photos (id) ON DELETE CASCADE
);

CREATE INDEX ix_texts_sentences ON texts USING hash (text) WHERE photo_id IS NULL;

CREATE INDEX ix_texts_photo_id ON texts (photo_id);

CREATE TABLE album_photos (
    album_id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    position INTEGER NOT NULL,
    CONSTRAINT pk_album_photos PRIMARY KEY (album_id, photo_id),
    CONSTRAINT fk_album_photos_album_id_albums FOREIGN KEY (album_id)
        REFERENCES albums (id) ON DELETE CASCADE,
    CONSTRAINT fk_album_photos_photo_id_photos FOREIGN KEY (photo_id)
        REFERENCES photos (id) ON DELETE CASCADE
);

CREATE INDEX ix_album_photos_photo_id ON album_photos (photo_id);

CREATE TABLE photo_regions (
    build_id INTEGER NOT NULL,
    photo_id INTEGER NOT NULL,
    numbers BYTEA NOT NULL,
    CONSTRAINT pk_photo_regions PRIMARY KEY (build_id, photo_id),
    CONSTRAINT fk_photo_regions_build_id_photo_id_photo_records FOREIGN KEY (build_id, photo_id)
        REFERENCES photo_records (build_id, photo_id) ON DELETE CASCADE
);

CREATE TABLE shared_links (
    id SERIAL NOT NULL,
    album_id INTEGER NOT NULL,
    token_hash BYTEA NOT NULL,
    created_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL,
    originals BOOLEAN NOT NULL,
    CONSTRAINT pk_shared_links PRIMARY KEY (id),
    CONSTRAINT fk_shared_links_album_id_albums FOREIGN KEY (album_id)
        REFERENCES albums (id) ON DELETE CASCADE,
    CONSTRAINT uq_shared_links_token_hash UNIQUE (token_hash)
);

CREATE INDEX ix_shared_links_album_id ON shared_links (album_id);

CREATE TABLE full_text (
    photo_id INTEGER NOT NULL,
    words TSVECTOR NOT NULL,
    CONSTRAINT pk_full_text PRIMARY KEY (photo_id),
    CONSTRAINT fk_full_text_photo_id_photos FOREIGN KEY (photo_id)
        REFERENCES photos (id) ON DELETE CASCADE
);

CREATE INDEX ix_full_text_words ON full_text USING gin (words);

CREATE TABLE library_version (version BIGINT NOT NULL);

INSERT INTO library_version VALUES (1);
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    raise NotImplementedError("there is no schema before this one; drop the database")
