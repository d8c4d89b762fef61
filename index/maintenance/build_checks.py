"""Checks of one build of a library: its files of vectors, and the rows that say what lies where in them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from sqlalchemy import Connection

from index.catalogue.builds import BuildRepository
from index.catalogue.consistency import UpkeepRepository
from index.catalogue.photos import PhotoRepository
from index.maintenance.problems import Problem
from index.store.layout import store_folder
from index.store.segments import SegmentState, VectorStore
from index.values import BuildInfo, VectorKind

KINDS: tuple[VectorKind, VectorKind] = ("photos", "sentences")
_FORGOTTEN = "their records were dropped, and the next `engine index` embeds {them} again."
_TO_FORGET = "`engine verify --repair` drops their records, so that `engine index` embeds {them} again."
_REBUILD = "`engine index --rebuild-vectors` makes all vectors again."


def committed_stores(folder: Path, build: BuildInfo, builds: BuildRepository) -> dict[VectorKind, VectorStore]:
    """The stores of a build as the catalogue knows them; their files are not looked at yet."""
    return {
        kind: VectorStore(
            store_folder(folder, build, kind), build.dimension, builds.segments_of(build.build_id, kind), max_rows=0
        )
        for kind in KINDS
    }


class BuildCheck:
    """The checks of one build inside a transaction; with `repair` it mends what can be mended without loss."""

    def __init__(self, folder: Path, connection: Connection, build: BuildInfo, *, repair: bool) -> None:
        self._build = build
        self._repair = repair
        self._builds = BuildRepository(connection)
        self._rows = UpkeepRepository(connection)
        self._photos = PhotoRepository(connection)
        self._stores = committed_stores(folder, build, self._builds)
        self._states = {kind: store.states for kind, store in self._stores.items()}

    def problems(self) -> Iterator[Problem]:
        """Everything that is wrong with the build."""
        for kind in KINDS:
            yield from self._misnumbered(kind)
            yield from self._damaged(kind)
        yield from self._records_out_of_range()
        yield from self._sentences_out_of_range()
        sharing = self._rows.photos_sharing_wrongly(self._build.build_id)
        yield from self._forgotten_photos(sharing, "{n} photos share vectors with a photo of another content")
        others, outside = self._rows.photos_with_wrong_regions(self._build.build_id, self._build.num_regions)
        yield from self._forgotten_photos(others, f"{{n}} photos do not have {self._build.num_regions} regions")
        yield from self._forgotten_photos(outside, "{n} photos have regions that are not boxes inside of the photo")

    def _misnumbered(self, kind: VectorKind) -> Iterator[Problem]:
        states = self._states[kind]
        if [state.number for state in states] != list(range(len(states))):
            found = f"The catalogue does not know all segments of the {kind}"
            yield Problem("vectors", f"{found} of {self._build.model_name}; {_REBUILD}")
        elif kind == "photos" and any(state.num_rows % self._build.rows_per_photo for state in states):
            found = f"A segment of the photos of {self._build.model_name} does not hold whole records"
            yield Problem("vectors", f"{found}; {_REBUILD}")

    def _damaged(self, kind: VectorKind) -> Iterator[Problem]:
        store = self._stores[kind]
        for state, error in store.damages():
            if not self._repair:
                yield Problem("vectors", str(error))
                continue
            num_lost = self._forget_segment(kind, state)
            self._builds.save_segments(self._build.build_id, kind, [store.blank(state)])
            text = f"{store.folder / f'{state.number:06d}.f16'} was damaged; zeros took its place. {num_lost} {kind} "
            yield Problem("vectors", text + "were in it; " + _FORGOTTEN.format(them="them"), repaired=True)

    def _forget_segment(self, kind: VectorKind, state: SegmentState) -> int:
        """Drop the records that begin in a segment; return how many."""
        before = sum(other.num_rows for other in self._states[kind] if other.number < state.number)
        build_id = self._build.build_id
        if kind == "photos":
            places = self._rows.photo_records(build_id)
            starts = places[:, 1] * self._build.rows_per_photo
        else:
            places = self._rows.sentence_records(build_id)
            starts = places[:, 1]
        lost = places[(starts >= before) & (starts < before + state.num_rows), 0].tolist()
        self._forget(kind, lost)
        return len(lost)

    def _records_out_of_range(self) -> Iterator[Problem]:
        places = self._rows.photo_records(self._build.build_id)
        num_records = self._num_rows("photos") // self._build.rows_per_photo
        wrong_mask = (places[:, 1] < 0) | (places[:, 1] >= num_records)
        found = f"{{n}} photos have records outside the {num_records} of {self._build.model_name}"
        yield from self._forgotten_photos(places[wrong_mask, 0].tolist(), found)

    def _sentences_out_of_range(self) -> Iterator[Problem]:
        places = self._rows.sentence_records(self._build.build_id)
        starts, num_words = places[:, 1], places[:, 2]
        held_mask = self._stores["sentences"].holds(starts, num_words + self._build.has_global)
        wrong = places[~held_mask | (num_words < 0), 0].tolist()
        if wrong:
            if self._repair:
                self._forget("sentences", wrong)
            yield self._forgotten(f"{len(wrong)} sentences lie outside the vectors", "these sentences")

    def _forgotten_photos(self, photo_ids: Sequence[int], found: str) -> Iterator[Problem]:
        if photo_ids:
            if self._repair:
                self._forget("photos", photo_ids)
            yield self._forgotten(found.format(n=len(photo_ids)), "these photos")

    def _forgotten(self, found: str, them: str) -> Problem:
        done = _FORGOTTEN if self._repair else _TO_FORGET
        return Problem("records", f"{found}; {done.format(them=them)}", repaired=self._repair)

    def _forget(self, kind: VectorKind, numbers: Sequence[int]) -> None:
        if kind == "photos":
            self._photos.delete_records(numbers, self._build.build_id)
        else:
            self._rows.delete_sentence_records(self._build.build_id, numbers)

    def _num_rows(self, kind: VectorKind) -> int:
        return sum(state.num_rows for state in self._states[kind])
