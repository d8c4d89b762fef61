"""Photos for a text by what is seen in them, by what a caption model wrote about them, or by both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np

from engine.errors import QueryError
from index import Allowed, Generated, Query, Reader, SearchParams
from index.scoring.maxsim import best, score_records

CAPTION_WEIGHT = 0.1
"""How much a caption's score counts beside the score of what is seen."""

CANDIDATES = 200  # photos by each of the two scores, at least, that are ranked by both
CHOICES = get_args(Generated)


@dataclass(frozen=True, slots=True)
class RankedPhoto:
    """A photo with the score that it is ranked by, the score of what is seen in it, and how likely it matches.

    ``written`` is how much speaks for it what is written about it, from 0 to 1.
    ``copies`` are other photos of the same picture, ``group`` those of almost the same, by number.
    ``likely``: whether that reaches the model's own cut for the question, or, where no probability is known, whether
    the photo stands out from the library (``standing_out``); found by an example it counts as such.
    """

    photo_id: int
    score: float
    seen: float
    probability: float | None = None
    written: float = 0.0
    copies: tuple[int, ...] = ()
    group: tuple[int, ...] = ()
    likely: bool = True


def require_choice(generated: str) -> None:
    """Refuse what is none of ``CHOICES``.

    Raises:
        QueryError: it is not.
    """
    if generated not in CHOICES:
        raise QueryError(f"Generated sentences can be {', '.join(map(repr, CHOICES))}, not {generated!r}; choose one.")


def rank_described(
    reader: Reader,
    query: Query,
    limit: int,
    params: SearchParams,
    generated: Generated,
    weight: float = CAPTION_WEIGHT,
    allowed: Allowed | None = None,
    besides: Sequence[int] = (),
) -> list[RankedPhoto]:
    """The ``limit`` best photos, of all or of the ``allowed``, best first; equal scores in order of their number.

    Those ``besides`` follow, wherever they would stand; of captioned photos only as far as they are.

    ``exclude``: by what is seen. ``only``: photos with a caption, by how well it answers. ``include``: the score of
    what is seen plus ``weight`` times the caption's; a photo without one counts as if it had the mean of the
    candidates that have one, so that captioned photos are neither ahead nor behind in a library captioned in part.
    """
    captions = None if generated == "exclude" else reader.ranked_captions(query, params, allowed)
    if generated == "only":
        found = [] if captions is None else captions.best(limit)
        known = {photo_id for photo_id, _ in found}
        others = {} if captions is None else captions.of([photo_id for photo_id in besides if photo_id not in known])
        found += [(photo_id, others[photo_id]) for photo_id in besides if photo_id in others]
        seen = _seen(reader, query, [photo_id for photo_id, _ in found])
        return [RankedPhoto(photo_id, score, seen[photo_id]) for photo_id, score in found]
    if captions is None:
        by_sight = dict(reader.search_photos(query, limit, params, allowed))
        by_sight |= _seen(reader, query, [photo_id for photo_id in besides if photo_id not in by_sight])
        return [RankedPhoto(photo_id, score, score) for photo_id, score in by_sight.items()]
    count = max(CANDIDATES, limit)
    seen = dict(reader.search_photos(query, count, params, allowed))
    said = dict(captions.best(count))
    seen |= _seen(reader, query, [photo_id for photo_id in {*said, *besides} if photo_id not in seen])
    said |= captions.of([photo_id for photo_id in seen if photo_id not in said])
    mean = float(np.mean([said[photo_id] for photo_id in seen if photo_id in said]))
    candidates = np.array(sorted(seen), np.int64)
    totals = [seen[photo_id] + weight * said.get(photo_id, mean) for photo_id in candidates.tolist()]
    total = dict(zip(candidates.tolist(), totals, strict=True))
    found = best(np.array(totals, np.float32), candidates, limit)
    found += [(photo_id, total[photo_id]) for photo_id in besides if photo_id not in dict(found)]
    return [RankedPhoto(photo_id, score, seen[photo_id]) for photo_id, score in found]


def _seen(reader: Reader, query: Query, photo_ids: Sequence[int]) -> dict[int, float]:
    """The scores of what is seen in photos."""
    if not photo_ids:
        return {}
    scores = score_records(reader.photo_vectors(photo_ids), query)
    return dict(zip(photo_ids, scores.tolist(), strict=True))
