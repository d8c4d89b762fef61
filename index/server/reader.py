"""Reads a library on a server: every question is a short transaction, and sees what was committed before it."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from index.address import ServerAddress
from index.catalogue.allowed import Allowed, Passing, WrittenPhrase
from index.catalogue.builds import BuildRepository
from index.catalogue.curation import CurationRepository
from index.catalogue.filters import PhotoFilter
from index.catalogue.full_text_of import FullText, full_text_of
from index.catalogue.server.connection import read_version, reading
from index.catalogue.server.found import FoundPhotos
from index.catalogue.server.search import MOST_LOOKED_AT, ServerSearch
from index.catalogue.server.vectors import ServerVectors
from index.catalogue_reader import CatalogueReader
from index.choices import Generated
from index.errors import LibraryChangedError
from index.scoring.shape_checks import require_query_fits, require_shape
from index.server.candidates import FEWEST, num_photos_scored, num_sentences_scored
from index.values import BuildInfo, Query, SearchParams

Value = TypeVar("Value")

_WORDS_KEPT_S = 60.0
"""How long the words of a library are taken for what they were: counting them reads all that is written."""

_words_of: dict[ServerAddress, tuple[float, dict[str, int]]] = {}


class ServerReader(CatalogueReader):
    """A library on a server. Methods may be called from several threads, each of which has a connection of its own.

    The model that answers is that of the moment when it was opened, and so are the numbers of photos and sentences.
    """

    def __init__(self, library: ServerAddress, warn: Callable[[str], None]) -> None:
        super().__init__(library, warn)
        self._server = library
        with self._query() as connection:
            self._version = read_version(connection)
            self._build = BuildRepository(connection).current_build()
            self._num_lists = 0
            self._num_photos = self._num_sentences = self._num_left_out = 0
            if self._build is not None:
                found = FoundPhotos(connection, self._build)
                self._num_photos, self._num_sentences = found.num_photos(), found.num_sentences()
                self._num_left_out = found.num_left_out()
                self._num_lists = self._vectors(connection, self._build).num_lists()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Connections stay with the process; there is nothing else to let go of."""

    def changed(self) -> bool:
        """Whether something was written since this reader was opened."""
        with self._query() as connection:
            return read_version(connection) != self._version

    def is_lost(self) -> bool:
        """Whether another library is in the place of this one: not on a server."""
        return False

    @property
    def damage(self) -> tuple[str, ...]:
        """What was found wrong with the bytes of the library: the server looks after them."""
        return ()

    @property
    def build(self) -> BuildInfo | None:
        """The build that answers searches, None where nothing was indexed."""
        return self._build

    @property
    def num_photos(self) -> int:
        """The photos that the build has embedded and whose file is there."""
        return self._num_photos

    @property
    def num_sentences(self) -> int:
        """The sentences that the build has embedded."""
        return self._num_sentences

    @property
    def photo_ids(self) -> NDArray[np.int64]:
        """The numbers (n,) of all photos that can be found, ascending."""
        return self._numbers(None)

    def passing_photos(self, where: PhotoFilter) -> NDArray[np.int64] | None:
        """The numbers (n,) of the photos that pass, ascending; None where every photo does. Raises UnknownNameError."""
        found = self._numbers(Passing(where))
        return None if where.is_empty and len(found) == self._num_photos else found

    def _numbers(self, allowed: Allowed | None) -> NDArray[np.int64]:
        if self._build is None:
            return np.empty(0, np.int64)
        with self._query() as connection:
            return np.array(FoundPhotos(connection, self._build).numbers(allowed), np.int64)

    def allowed_photos(self, where: PhotoFilter, phrases: Sequence[WrittenPhrase] = ()) -> Allowed | None:
        """What photos have to pass; the server looks at it in the statement that ranks. Raises UnknownNameError."""
        if where.albums is not None:
            with self._query() as connection:
                CurationRepository(connection).album_ids(where.albums)  # said before anything else is asked
        return Passing(where, tuple(phrases))

    def which_pass(self, photo_ids: NDArray[np.int64], allowed: Allowed | None) -> NDArray[np.bool_]:
        """Which of photos (n,) may answer."""
        if allowed is None or self._build is None or not len(photo_ids):
            return np.ones(len(photo_ids), bool)
        with self._query() as connection:
            passing = FoundPhotos(connection, self._build).numbers(allowed, among=photo_ids)
        return np.isin(photo_ids, passing)

    def num_passing(self, where: PhotoFilter) -> int:
        """How many photos pass a filter."""
        if self._build is None:
            return 0
        with self._query() as connection:
            return FoundPhotos(connection, self._build).count(Passing(where))

    def holds_photo(self, photo_id: int) -> bool:
        """Whether the build has embedded a photo whose file is there."""
        return bool(len(self._known([photo_id])))

    def sample(self, most: int) -> list[int]:
        """At most so many of the photos, from everywhere in the library; the same each time."""
        if self._build is None:
            return []
        with self._query() as connection:
            return FoundPhotos(connection, self._build).sample(most)

    def search_photos(
        self,
        query: Query,
        limit: int,
        params: SearchParams = SearchParams(),  # noqa: B008 - it is frozen
        allowed: Allowed | None = None,
    ) -> list[tuple[int, float]]:
        """The `limit` best (photo, score), best first; equal scores in order of photo. Only `allowed` if given.

        Raises WrongModelError when the query's dimension or global term is not the build's.
        """
        count = num_photos_scored(params, self._num_photos, limit, query)
        if (build := self._build_for(query)) is None or not limit or not count:
            return []
        with self._query() as connection:
            return self._search(connection, build, params).photos(query, limit, count, allowed, params.copies)

    def search_regions(
        self,
        query: Query,
        limit: int,
        params: SearchParams = SearchParams(),  # noqa: B008 - it is frozen
        allowed: Allowed | None = None,
    ) -> list[tuple[int, int, float]]:
        """The `limit` best (photo, position of the region, score) by what each region scores alone, best first."""
        by_regions = Query(query.words[:1])
        count = num_photos_scored(params, self._num_photos, limit, by_regions)
        if (build := self._build_for(query)) is None or not limit or not count:
            return []
        with self._query() as connection:
            return self._search(connection, build, params).regions(query, limit, count, allowed, params.copies)

    def search_sentences(
        self,
        record: NDArray[np.float32],
        limit: int,
        generated: Generated = "include",
        params: SearchParams = SearchParams(),  # noqa: B008 - it is frozen
        *,
        of_photos: bool = False,
    ) -> list[tuple[int, float]]:
        """The `limit` best (sentence, score) for a photo's record (S, D). Raises WrongModelError for another shape."""
        if (build := self._build) is None or not self._num_sentences:
            return []
        require_shape("the photo's record", record, (build.rows_per_photo, build.dimension))
        count = num_sentences_scored(params, self._num_sentences, limit)
        with self._query() as connection:
            search = self._search(connection, build, params)
            return search.sentences(record, limit, count, generated, of_photos=of_photos)

    def ranked_captions(self, query: Query, params: SearchParams, allowed: Allowed | None) -> "ServerCaptions | None":
        """How well captions of the photos that may answer fit a query; None where no photo has one."""
        build = self._build_for(query)
        if build is None:
            return None
        with self._query() as connection:
            if not FoundPhotos(connection, build).has_captions():
                return None
        return ServerCaptions(self, build, query, params, allowed)

    def copies(self, photo_ids: Sequence[int]) -> list[list[int]]:
        """For each of the photos the others that share its record, wherever they lie, ascending. Raises ValueError."""
        with self._query() as connection:
            shared = FoundPhotos(connection, self._require_build(photo_ids)).copies(photo_ids)
        return [[other for other in self._of(shared, photo_id, "photo") if other != photo_id] for photo_id in photo_ids]

    def photo_vectors(self, photo_ids: Sequence[int]) -> NDArray[np.float32]:
        """The records (n, S, D) of photos. Raises ValueError for a photo that the current build has not embedded."""
        build = self._require_build(photo_ids)
        with self._query() as connection:
            found = self._vectors(connection, build).photos(photo_ids)
        records = [self._of(found, photo_id, "photo") for photo_id in photo_ids]
        return np.array(records, np.float32).reshape(-1, build.rows_per_photo, build.dimension)

    def sentence_queries(self, sentence_ids: Sequence[int]) -> list[Query]:
        """The vectors of sentences, as a query of each. Raises ValueError for one that the build has not embedded."""
        build = self._require_build(sentence_ids, "sentence")
        with self._query() as connection:
            found = ServerVectors(connection, build).sentences(sentence_ids)
        rows = [self._of(found, number, "sentence").astype(np.float32) for number in sentence_ids]
        return [Query(own[:-1], own[-1]) if build.has_global else Query(own) for own in rows]

    def are_generated(self, sentence_ids: Sequence[int]) -> list[bool]:
        """Which of the sentences of a search a caption model wrote and no person."""
        if self._build is None:
            return [False] * len(sentence_ids)
        with self._query() as connection:
            generated = FoundPhotos(connection, self._build).generated(sentence_ids)
        return [number in generated for number in sentence_ids]

    def written_words(self) -> dict[str, int]:
        """The words without digits that are written about photos, and about how many each is; a minute old at most."""
        read_at, words = _words_of.get(self._server, (-np.inf, {}))
        if time.monotonic() - read_at > _WORDS_KEPT_S:
            words = super().written_words()
            _words_of[self._server] = time.monotonic(), words
        return words

    @contextmanager
    def _query(self) -> Iterator[Connection]:
        with reading(self._server) as connection:
            yield connection

    def _full_text(self, ask: Callable[[FullText], Value], otherwise: Value) -> Value:
        with self._query() as connection:
            return ask(full_text_of(connection))

    def _known(self, photo_ids: Sequence[int]) -> NDArray[np.int64]:
        if self._build is None or not len(photo_ids):
            return np.empty(0, np.int64)
        with self._query() as connection:
            found = FoundPhotos(connection, self._build).numbers(None, among=np.asarray(photo_ids, np.int64))
        return np.array(found, np.int64)

    def _lost(self, kind: str, number: int) -> Exception | None:
        if self.changed():
            return LibraryChangedError(f"The {kind} {number} was removed from {self._server}; ask again.")
        return None

    def _search(self, connection: Connection, build: BuildInfo, params: SearchParams) -> ServerSearch:
        by_index = params.mode != "exact" and self._num_photos > MOST_LOOKED_AT
        return ServerSearch(connection, build, self._num_left_out, num_lists=self._num_lists if by_index else 0)

    def _vectors(self, connection: Connection, build: BuildInfo) -> ServerVectors:
        return ServerVectors(connection, build)

    def _build_for(self, query: Query) -> BuildInfo | None:
        if self._build is None or not self._num_photos:
            return None
        require_query_fits(query, self._build)
        return self._build


class ServerCaptions:
    """The best captions of photos that may answer, scored by the server; see `RankedCaptions`."""

    def __init__(
        self, reader: ServerReader, build: BuildInfo, query: Query, params: SearchParams, allowed: Allowed | None
    ) -> None:
        self._reader = reader
        self._build = build
        self._query = query
        self._params = params
        self._allowed = allowed

    def best(self, limit: int) -> list[tuple[int, float]]:
        """The `limit` best (photo, score), best first; equal scores in order of photo."""
        count = self._reader.num_photos if self._params.mode == "exact" else max(FEWEST, 3 * limit)
        with self._reader._query() as connection:
            search = self._reader._search(connection, self._build, self._params)
            return search.captioned(self._query, limit, count, self._allowed, self._params.copies)

    def of(self, photo_ids: Sequence[int]) -> dict[int, float]:
        """The scores of those of some photos that have a caption."""
        with self._reader._query() as connection:
            search = self._reader._search(connection, self._build, self._params)
            return dict(search.captions_of(self._query, photo_ids))
