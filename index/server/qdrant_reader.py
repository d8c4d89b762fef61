"""Reads a library whose rows are in PostgreSQL and whose vectors of photos are in Qdrant."""

from sqlalchemy import Connection

from index.server.qdrant_search import QdrantSearch
from index.server.qdrant_vectors import QdrantVectors
from index.server.reader import ServerReader
from index.values import BuildInfo, SearchParams


class QdrantReader(ServerReader):
    """A library with vectors in Qdrant; see `ServerReader`. What PostgreSQL does not know is in no answer."""

    def _search(self, connection: Connection, build: BuildInfo, params: SearchParams) -> QdrantSearch:
        exact = params.mode == "exact" or params.recall_target == 1
        vectors = self._vectors(connection, build)
        return QdrantSearch(connection, build, vectors, self._num_left_out, exact=exact)

    def _vectors(self, connection: Connection, build: BuildInfo) -> QdrantVectors:
        return QdrantVectors(self._server, connection, build)
