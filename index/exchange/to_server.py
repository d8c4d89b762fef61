"""Makes a library on a server of an export: one transaction, which nobody sees before it is whole."""

from contextlib import suppress

from sqlalchemy import Connection

from index.address import ServerAddress
from index.catalogue.builds import BuildRepository
from index.catalogue.exchange import ExchangeRepository
from index.catalogue.server.connection import prepare
from index.errors import ExchangeError, LibraryError
from index.exchange.reading import ExportReader
from index.exchange.saving import save_export
from index.server.writer import ServerTransactions


def import_into_server(export: ExportReader, library: ServerAddress) -> None:
    """Save an export in the library of a database, which is made where there is none; it holds nothing yet.

    Others read meanwhile and see nothing of it; those that write wait. Whatever happens before the commit, the server
    takes all of it back. Vectors in Qdrant are no part of that: a collection that an import left which was killed is
    removed by the next one. Raises ExchangeError, LibraryReadOnlyError or LibraryError.
    """
    prepare(library)
    if library.vectors is None:
        _save(export, library, ServerTransactions(library))
        return
    from index.server.qdrant_writer import QdrantTransactions, remove_left_collections, remove_waiting

    remove_left_collections(library)
    try:
        _save(export, library, QdrantTransactions(library))
    except BaseException:
        with suppress(LibraryError):
            remove_left_collections(library)
        raise
    remove_waiting(library)


def _save(export: ExportReader, library: ServerAddress, work: ServerTransactions) -> None:
    with work.transaction(alone=True) as connection:
        _require_nothing(library, connection)
        builds = BuildRepository(connection)
        for known in builds.all_builds():  # of a run that ended before its first photo
            work.vectors_of(connection, known).drop()
            builds.delete_build(known.build_id)
        builds.let_answer(builds.add_build(export.spec))
        build = builds.current_build()
        assert build is not None
        work.use(build)
        vectors = work.vectors_of(connection, build)
        vectors.create()
        save_export(export, work)
        ExchangeRepository(connection).go_on_numbering()
        vectors.index_if_large()
        vectors.analyze()


def _require_nothing(library: ServerAddress, connection: Connection) -> None:
    held = {name: count for name, count in ExchangeRepository(connection).counts().items() if count}
    if held:
        found = ", ".join(f"{count:,} {name}" for name, count in held.items())
        raise ExchangeError(
            f"The library in {library} is not empty: it holds {found}. An export becomes a library of its own: import "
            "it into a database without photos and sentences, which `createdb` makes (--library)."
        )
