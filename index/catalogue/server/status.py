"""What can be said of a library on a server at once: counts, and the bytes that it takes there."""

from sqlalchemy import Connection, func, select, text

from index.catalogue.builds import BuildRepository
from index.catalogue.schema import Photo, Sentence, SentenceRecord
from index.catalogue.server.found import FoundPhotos
from index.values import LibraryStatus

_SIZES = text(
    "SELECT coalesce(sum(pg_table_size(oid)), 0)::bigint, coalesce(sum(pg_indexes_size(oid)), 0)::bigint FROM ("
    "SELECT to_regclass(:name) AS oid UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = to_regclass(:name)"
    ") AS parts"
)  # a table that was split takes nothing itself


def library_status(connection: Connection) -> LibraryStatus:
    """Counts for the current build, and bytes of all."""
    builds = BuildRepository(connection).all_builds()
    build = next((build for build in builds if build.current), None)
    run = connection.execute
    photos = 0 if build is None else FoundPhotos(connection, build).num_photos()
    sentences = generated = 0
    if build is not None:
        counts = select(func.count(), func.count().filter(Sentence.generated)).select_from(SentenceRecord)
        counts = counts.join(Sentence, Sentence.id == SentenceRecord.sentence_id)
        sentences, generated = run(counts.where(SentenceRecord.build_id == build.build_id)).one()
    missing = run(select(func.count()).select_from(Photo).where(Photo.missing_since.is_not(None))).scalar_one()
    tables = [f"{kind}_vectors_{own.build_id}" for own in builds for kind in ("photo", "sentence")]
    vector_bytes, index_bytes = 0, 0
    for table in tables:
        own_bytes, own_index_bytes = run(_SIZES, {"name": table}).one()
        vector_bytes, index_bytes = vector_bytes + own_bytes, index_bytes + own_index_bytes
    all_bytes = run(select(func.pg_database_size(func.current_database()))).scalar_one()
    return LibraryStatus.of(
        builds,
        photos=photos,
        missing=missing,
        sentences=sentences,
        generated_sentences=generated,
        sqlite_bytes=all_bytes - vector_bytes - index_bytes,
        vector_bytes=vector_bytes,
        faiss_bytes=index_bytes,
    )
