"""Texts, photos and parts of photos as vectors of one space, for programs that score by themselves."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.boxes import boxes_of
from engine.errors import QueryError
from engine.one_photo import OnePhoto
from engine.photos.given import PhotoLike, photo_of, photos_of
from engine.search.by_example import region_vectors

Text = TypeVar("Text")

TOGETHER = 16  # texts or photos that go through the networks at once


class Encoding(OnePhoto):
    """The part of an ``Engine`` that gives its vectors away. It needs no library.

    ``score(photo, text)``, as ``align`` and a search by what is seen have it, is for all of B photos and N texts::

        images, texts = engine.encode_images(photos), engine.encode_texts(sentences)
        words = np.einsum("brd,ntd->bnrt", images[:, :-1], texts[:, :-1])
        scores = words.max(axis=2).sum(axis=2) + images[:, -1] @ texts[:, -1].T  # (B, N)

    A library keeps vectors in half precision, which changes the third digit of a score or a later one.
    """

    def encode_texts(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Texts as vectors (N, T + 1, D): their words, then the global text embedding.

        T is that of the longest text; shorter ones end in words of zeros, which add nothing to a score. Lengths are
        weights: that of a word says how much it counts, that of the last vector how much the whole counts. In a model
        without a global term, such as ``paper``, the last vector is zeros. Words are taken as they are written.

        Raises:
            QueryError: it is no list of texts, or one of them has no word that the model knows.
        """
        usable = [self.model.usable(text) for text in several_texts(texts)]
        lengths = [len(text.words) for text in usable]
        order = sorted(range(len(usable)), key=lambda number: lengths[number])  # texts of one length go together
        vectors = np.zeros((len(usable), max(lengths, default=0) + 1, self.model.dimension), np.float32)
        for start in range(0, len(order), TOGETHER):
            numbers = order[start : start + TOGETHER]
            for number, vector in zip(
                numbers, self.model.embed_texts([usable[number] for number in numbers]), strict=True
            ):
                own = vector.words if vector.weight is None else vector.words * np.float32(vector.weight)
                vectors[number, : len(own)] = own
                if vector.sentence is not None:
                    vectors[number, -1] = vector.sentence
        return vectors

    def encode_images(self, images: PhotoLike | Iterable[PhotoLike]) -> NDArray[np.float32]:
        """Photos as vectors (B, R + 1, D): their regions, the whole photo last among them, and the global embedding.

        R is 20. In ``default`` regions have the length √2 and the global embedding √3: they are unit vectors side by
        side. In ``paper`` regions have any length, and the last vector is zeros, for want of a global term. Photos are
        taken and decoded as they are needed: a generator of any number will do.

        Raises:
            PhotoError: a photo cannot be read.
        """
        from engine.photos.decode import decode  # a search for words does without

        model = self.model
        photos = photos_of(images)
        vectors = [np.empty((0, model.num_regions + 1, model.dimension), np.float32)]
        while some := list(islice(photos, TOGETHER)):
            records = model.embed_photos([decode(photo, target=model.image_size).image for photo in some]).records
            vectors.append(records if model.has_global else np.pad(records, ((0, 0), (0, 1), (0, 0))))
        return np.concatenate(vectors)

    def encode_regions(self, image: PhotoLike, boxes: Iterable[Sequence[float]]) -> NDArray[np.float32]:
        """Parts of a photo as vectors (N, D); boxes are x0, y0, x1, y1 in pixels of the upright photo.

        A region's score for a text, as ``search_regions`` has it, is the sum over the words:
        ``regions @ engine.encode_texts([text])[0, :-1].sum(axis=0)``, (N,). What a box gets depends on no other box.
        A region that the model found by itself knows its place among 20 too, which changes hundredths of its score.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: a box does not lie in the photo, or is none.
        """
        return region_vectors(self.model, photo_of(image), boxes_of(boxes))


def several_texts(given: Iterable[Text]) -> list[Text]:
    """A list of texts, or of questions.

    Raises:
        QueryError: it is one text alone, whose letters would be taken for texts, or nothing like a list.
    """
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise QueryError(f"A list of texts was expected, not a value of type {type(given).__name__}; write [text].")
    return list(given)
