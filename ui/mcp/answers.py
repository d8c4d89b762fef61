"""Questions to a leased state of the library, and their answers as JSON."""

from dataclasses import dataclass
from typing import Any

from engine.errors import QueryError
from engine.library.roots import photo_to_show
from engine.search.question import Question
from engine.search.wording import showing
from engine.sharing import Lease
from engine.types import Box
from index import PhotoFilter, SearchParams, StoredPhoto
from ui.mcp import pictures
from ui.shared import results
from ui.shared.descriptions import shown_of

Which = int | str


@dataclass(frozen=True, slots=True)
class Asked:
    """What should be seen, what besides, what not, and in which photos."""

    text: str
    also: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    where: PhotoFilter | None = None
    limit: int = 10

    @property
    def question(self) -> Question:
        """The question. Raises QueryError."""
        return Question.of(self.text, also=self.also, without=self.without)


def photos(lease: Lease, asked: Asked) -> dict[str, Any]:
    """Photos for texts. Raises QueryError."""
    answer = lease.engine.answer(asked.question, asked.limit, where=asked.where)
    lease.warnings.extend((*showing(answer.corrections), *answer.warnings))
    if answer.why_nothing is not None:
        lease.warnings.append(answer.why_nothing)
    hits = [{"photo_id": hit.photo_id, **results.hit_as_dict(hit)} for hit in answer.hits]
    return _answer(lease, hits=hits, likely=answer.likely)


def regions(lease: Lease, asked: Asked) -> dict[str, Any]:
    """Regions of photos for texts. Raises QueryError."""
    found = lease.engine.search_regions(asked.question, asked.limit, where=asked.where)
    if not found:
        lease.warnings.append(lease.engine.why_nothing(asked.where))
    return _answer(lease, hits=[{"photo_id": hit.photo_id, **results.region_as_dict(hit)} for hit in found])


def similar(lease: Lease, which: Which, limit: int) -> dict[str, Any]:
    """Photos like one of the library. Raises PhotoError, QueryError."""
    found = lease.engine.similar(_photo_of(lease, which).path, limit, SearchParams())
    if not found:
        lease.warnings.append(lease.engine.why_nothing(None, with_example=True))
    return _answer(lease, hits=[{"photo_id": hit.photo_id, **results.hit_as_dict(hit)} for hit in found])


def sentences(lease: Lease, which: Which, limit: int) -> dict[str, Any]:
    """Sentences of the library about one of its photos. Raises PhotoError, QueryError."""
    found = lease.engine.sentences(_photo_of(lease, which).path, limit)
    if not found:
        lease.warnings.append("The library holds no sentences; `engine index --sentences FILE` adds some.")
    return _answer(lease, hits=[results.sentence_hit_as_dict(hit) for hit in found])


def description(lease: Lease, which: Which, *, regions: bool) -> dict[str, Any]:
    """New sentences about a photo, what is written about it, and what its file says. Raises PhotoError, QueryError."""
    photo = _photo_of(lease, which)
    (written,) = lease.engine.caption(photo.path, regions=regions)
    (texts,) = lease.engine.reader.texts([photo.photo_id])
    return _answer(
        lease, **(_about(photo) | shown_of(written)),
        texts=[{"source": text.source, "field": text.field, "text": text.text} for text in texts],
    )  # fmt: skip


def picture(lease: Lease, which: Which, side: int, text: str | None, boxes: list[Box]) -> tuple[bytes, dict[str, Any]]:
    """A JPEG of a photo, and what is drawn on it: the phrases of a text where they were found, and boxes.

    Raises:
        PhotoError: the photo cannot be read.
        QueryError: there is no such photo, or the text has no word that the model knows.
    """
    photo = _photo_of(lease, which)
    if text is None and not boxes:
        return pictures.plain(photo, side), _answer(lease, **_about(photo))
    found = None if text is None else lease.engine.align(photo.path, text)
    aligned = () if found is None else found.phrases
    drawn = [(phrase.text, box) for phrase in aligned for box in phrase.boxes]
    drawn += [(str(number), box) for number, box in enumerate(boxes, start=1)]
    phrases = {} if found is None else results.alignment_as_dict(found)
    return pictures.with_boxes(photo, side, drawn), _answer(lease, **(_about(photo) | phrases))


def _photo_of(lease: Lease, which: Which) -> StoredPhoto:
    """The photo of a number or at a path, if its file lies in a root of the library: no other file is ever opened.

    Raises:
        QueryError: there is none.
    """
    if isinstance(which, str) and which.isdecimal() and len(which) < len(str(2**63)):
        which = int(which)
    found = photo_to_show(lease.engine.reader, lease.roots, which)
    if found is None:
        raise QueryError(f"The library has no photo {which!r}; take photo_id or path of a hit.")
    return found


def _about(photo: StoredPhoto) -> dict[str, Any]:
    return {
        "photo_id": photo.photo_id, "path": photo.path, "width": photo.width, "height": photo.height,
        "taken_at": photo.taken, "camera": photo.camera, "latitude": photo.latitude, "longitude": photo.longitude,
    }  # fmt: skip


def _answer(lease: Lease, **values: Any) -> dict[str, Any]:
    """An answer with what a person should know; a file name of bytes that are no UTF-8 has others in their place."""
    answer: dict[str, Any] = _decodable({**values, "warnings": list(lease.warnings)})
    return answer


def _decodable(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode(errors="replace").decode()
    if isinstance(value, list):
        return [_decodable(one) for one in value]
    return {name: _decodable(one) for name, one in value.items()} if isinstance(value, dict) else value
