"""Questions to a leased state of the library, and their answers."""

from pathlib import Path

from engine.library.roots import photo_to_show
from engine.search.question import Question
from engine.search.wording import showing
from engine.sharing import Lease
from index import StoredPhoto
from ui.service.errors import RefusedError
from ui.service.requests import Filters, Named, SearchParameters, SentenceChoice
from ui.service.responses import (
    CorrectionOut,
    LibraryState,
    PhotoAnswer,
    SearchAnswer,
    SentencesAnswer,
    SimilarAnswer,
    photo_answer,
    photo_hit,
    region_hit,
    sentence_hit,
)
from ui.shared import filter_syntax


def search(lease: Lease, asked: SearchParameters) -> SearchAnswer:
    """Photos or regions for texts and examples.

    Raises:
        QueryError: it cannot be answered as asked.
        RefusedError: an example is not in the library.
    """
    engine, where = lease.engine, asked.where
    like = [photo(lease, number).path for number in asked.like]
    box = None if asked.like_box is None else filter_syntax.box(asked.like_box)
    question = Question.of(asked.q, also=asked.also, without=asked.without, like=like, box=box, exact=asked.exact)
    state = LibraryState.of(lease)
    if asked.regions:
        regions = engine.search_regions(question, asked.limit, asked.params, where=where)
        if not regions:
            lease.warnings.append(engine.why_nothing(where))
        return SearchAnswer(
            library=state,
            warnings=lease.warnings,
            hits=[region_hit(hit) for hit in regions],
            likely=bool(regions),
            corrections=[],
        )
    answer = engine.answer(
        question,
        asked.limit,
        asked.params,
        min_probability=asked.min_probability,
        generated=asked.generated,
        where=where,
        basis=asked.basis,
        group=asked.group,
    )
    lease.warnings.extend((*showing(answer.corrections), *answer.warnings))
    if answer.why_nothing is not None:
        lease.warnings.append(answer.why_nothing)
    return SearchAnswer(
        library=state, warnings=lease.warnings, hits=[photo_hit(hit) for hit in answer.hits], likely=answer.likely,
        corrections=[CorrectionOut(written=one.written, meant=one.meant) for one in answer.corrections],
    )  # fmt: skip


def similar(lease: Lease, image: str | Path, asked: Filters) -> SimilarAnswer:
    """Photos like one.

    Raises:
        PhotoError: it cannot be read.
    """
    hits = lease.engine.similar(image, asked.limit, asked.params, where=asked.where, group=asked.group)
    if not hits:
        lease.warnings.append(lease.engine.why_nothing(asked.where, with_example=True))
    return SimilarAnswer(library=LibraryState.of(lease), warnings=lease.warnings, hits=[photo_hit(hit) for hit in hits])


def sentences(lease: Lease, image: str | Path, asked: SentenceChoice) -> SentencesAnswer:
    """Sentences that describe a photo.

    Raises:
        PhotoError: it cannot be read.
    """
    hits = lease.engine.sentences(image, asked.limit, generated=asked.generated, others=asked.others)
    if not hits:
        lease.warnings.append("The library holds no such sentences.")
    return SentencesAnswer(
        library=LibraryState.of(lease), warnings=lease.warnings, hits=[sentence_hit(hit) for hit in hits]
    )


def about(lease: Lease, photo_id: int) -> PhotoAnswer:
    """What the library knows about a photo.

    Raises:
        RefusedError: there is none that may be shown.
    """
    return photo_answer(lease, photo(lease, photo_id))


def named(lease: Lease, which: Named) -> str:
    """The path of a photo of the library.

    Raises:
        RefusedError: there is none that may be opened.
    """
    if which.path is None:
        return photo(lease, which.photo_id or 0).path
    found = photo_to_show(lease.engine.reader, lease.roots, which.path)
    if found is None:
        raise RefusedError(404, f"The library knows no photo at {which.path}; take a path from a hit.")
    return found.path


def photo(lease: Lease, photo_id: int) -> StoredPhoto:
    """The photo of a number, if its file lies in a root of the library: no other file is ever opened.

    Raises:
        RefusedError: there is none.
    """
    found = photo_to_show(lease.engine.reader, lease.roots, photo_id)
    if found is None:
        raise RefusedError(404, f"The library has no photo of the number {photo_id}; take a number from a hit.")
    return found
