"""Writes to a library whose vectors of photos are in Qdrant: vectors first, then the commit; removals after it."""

from sqlalchemy import Connection

from index.address import ServerAddress
from index.catalogue.builds import BuildRepository
from index.catalogue.server.connection import writing
from index.catalogue.server.keys import (
    VectorKeys,
    collection_of,
    collections_prefix,
    removals_done,
    waiting_removals,
)
from index.qdrant.points import collections, remove_collection, remove_points
from index.server.qdrant_vectors import QdrantVectors
from index.server.writer import ServerTransactions, ServerWriter
from index.values import BuildInfo


class QdrantTransactions(ServerTransactions):
    """The transactions of one writer, whose vectors go to Qdrant."""

    def vectors_of(self, connection: Connection, build: BuildInfo) -> QdrantVectors:
        """The vectors of a build, in a transaction."""
        return QdrantVectors(self._library, connection, build)


class QdrantWriter(ServerWriter):
    """A writer of a library with vectors in Qdrant; see `ServerWriter`.

    A writer that is killed leaves points that no row names, which no answer has, or removals that are written down,
    which the next one does.
    """

    def __init__(self, library: ServerAddress) -> None:
        super().__init__(library)
        self._library = library

    @staticmethod
    def _transactions(library: ServerAddress) -> ServerTransactions:
        return QdrantTransactions(library)

    def drop_other_builds(self) -> int:
        """Remove the collections and rows of every build but the one that answers. Returns how many."""
        dropped = super().drop_other_builds()
        remove_waiting(self._library)
        return dropped

    def forget_unused(self) -> int:
        """Remove the vectors that no photo has any more; returns how many records of photos there were."""
        forgotten = super().forget_unused()
        remove_waiting(self._library)
        return forgotten


def remove_waiting(library: ServerAddress) -> int:
    """Do the removals that were written down, whoever wrote them; returns how many there were.

    No writer is in the middle of a batch meanwhile: what one has committed since is kept.
    """
    count = 0
    while True:
        with writing(library, alone=True) as connection:
            removals = waiting_removals(connection)
            if not removals:
                return count
            builds = {build.build_id: build for build in BuildRepository(connection).all_builds()}
            for collection in {removal.collection for removal in removals}:
                own = [removal for removal in removals if removal.collection == collection]
                if any(removal.key is None for removal in own):
                    remove_collection(library, collection)
                elif own[0].build_id in builds:
                    keys = [removal.key for removal in own if removal.key is not None]
                    again = VectorKeys(connection, builds[own[0].build_id]).known_among(keys)
                    remove_points(library, collection, [key for key in keys if key not in again])
            removals_done(connection, removals)
        count += len(removals)


def remove_left_collections(library: ServerAddress) -> None:
    """Remove collections of this library that are of no build: of a writer that did not commit its own."""
    with writing(library, alone=True) as connection:
        known = {collection_of(connection, build) for build in BuildRepository(connection).all_builds()}
        for collection in collections(library, collections_prefix(connection)):
            if collection not in known:
                remove_collection(library, collection)
