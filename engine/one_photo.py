"""What is asked of single photos, and needs no library: where a sentence is in one, and new sentences about it."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.opened import OpenedLibrary
from engine.photos.given import PhotoLike, photo_of, photos_of
from engine.search.explain import align, word_scores
from engine.types import Alignment, Description, WordScores

if TYPE_CHECKING:
    from engine.captioning.describe import Describer
    from engine.captioning.describe_files import Failed

DEFAULT_CAPTIONER = "default"
DEFAULT_REGION_CAPTIONER = "regions"


class OnePhoto(OpenedLibrary):
    """The part of an ``Engine`` that looks at one photo at a time.

    A photo is a path, the bytes of a file, a PIL image or an array (H, W, 3) of uint8; the result of one in memory has
    ``photo 1`` for its path, by its number.
    """

    def align(self, image: PhotoLike, sentence: str) -> Alignment:
        """Where each phrase of a sentence is in a photo. It needs no library.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: the sentence has no word that the model knows.
        """
        return align(self.model, photo_of(image), sentence, self._warn)

    def word_scores(self, image: PhotoLike, sentence: str) -> WordScores:
        """How well each word of a sentence fits each region of a photo. It needs no library; raises as ``align``."""
        return word_scores(self.model, photo_of(image), sentence)

    def caption(
        self,
        images: PhotoLike | Iterable[PhotoLike],
        *,
        count: int = 1,
        beam: int = 7,
        temperature: float | None = None,
        seed: int = 0,
        regions: bool = False,
        captioner: str | None = None,
        region_captioner: str | None = None,
        failed: "Failed | None" = None,
    ) -> list[Description]:
        """New sentences for photos. It needs no library.

        Args:
            images: a photo, or several; a photo gets the same sentences alone and among others.
            count: sentences a photo, best first; at most ``beam`` unless they are drawn by chance.
            beam: the width of the beam search; 1 takes the likeliest word each time.
            temperature: draw the sentences by chance instead: below 1 likely ones, above 1 unlikely ones too.
            seed: of the chance.
            regions: describe the regions of the photos too.
            captioner: ``default``, ``paper`` or the folder of a caption model; None for ``default``.
            region_captioner: of the regions: the folder of a caption model; None for ``regions``.
            failed: told of each photo that cannot be read, which is then left out; None to raise the first.

        Raises:
            PhotoError: a photo cannot be read, and ``failed`` is None.
            ModelError: there is no such caption model, or it was made for another alignment model.
            QueryError: ``count``, ``beam`` or ``temperature`` cannot be used.
        """
        from engine.captioning.describe_files import describe_files, require_numbers  # they decode photos

        photos = list(photos_of(images))
        require_numbers(count, beam, temperature)
        describer = self.describer(captioner, region_captioner)
        return describe_files(describer, photos, count, beam, temperature, seed, regions, failed)

    def describer(self, captioner: str | None = None, region_captioner: str | None = None) -> "Describer":
        """What writes sentences about photos that are in memory; it stays loaded.

        Raises:
            ModelError: there is no such caption model, or it was made for another alignment model.
        """
        from engine.captioning.describe import Describer
        from engine.captioning.folder import load_captioner

        names = captioner or DEFAULT_CAPTIONER, region_captioner or DEFAULT_REGION_CAPTIONER
        if names not in self._describers:
            self._describers[names] = Describer(self._captioned_model, load_captioner(names[0]), names[1])
        return self._describers[names]
