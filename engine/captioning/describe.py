"""Photos → sentences: the networks of an alignment model and of caption models put together."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.boxes import overlaps
from engine.captioning.decode import Sentences, beam_search, sample
from engine.captioning.decoder import Decoder
from engine.captioning.folder import CaptionFolder, load_captioner, require_fit
from engine.captioning.inference import fastest_decoder
from engine.captioning.judging import Judge
from engine.captioning.scene import Scene, scene_of
from engine.models.multimodal import MultimodalModel
from engine.models.protocol import EmbeddingModel
from engine.types import Caption, SeenName
from engine.vision.region_features import RegionFeatures

DEFAULT_BEAM = 7
MAX_REGIONS = 8
OVERLAPPING = 0.5  # IoU from which the less likely of two regions is left out
REDUNDANT = 0.1  # the same where both have the same description


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A photo as the networks see it: its regions, their record (S, D), and what a caption model reads of them."""

    regions: RegionFeatures
    record: NDArray[np.float32]
    scene: Scene[NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class DescribedRegion:
    """The box of a region from 0 to 1, and what is written about it."""

    box: tuple[float, float, float, float]
    caption: Caption


class Describer:
    """Writes about photos with a caption model and, for regions, with another one.

    What a photo gets does not depend on the photos that are described with it, to the last bit on a CPU.

    Args:
        model: the alignment model.
        captioner: writes about whole photos.
        region_captioner: the name of the model that writes about regions; loaded on first use.

    Raises:
        ModelError: ``captioner`` was made for another alignment model.
    """

    def __init__(self, model: MultimodalModel, captioner: CaptionFolder, region_captioner: str = "regions") -> None:
        require_fit(captioner, model.name, model.fingerprint)
        self.model = model
        self._captioner = captioner
        self._region_captioner = region_captioner
        self._decoder = fastest_decoder(captioner, model.device)
        self._judge = judge_of(model, captioner)

    @cached_property
    def _regions(self) -> tuple[CaptionFolder, Decoder]:
        captioner = load_captioner(self._region_captioner)
        require_fit(captioner, self.model.name, self.model.fingerprint)
        return captioner, fastest_decoder(captioner, self.model.device)

    @property
    def fingerprint(self) -> str:
        """Changes whenever the sentences about whole photos could, or what is said of how sure they are."""
        if self._captioner.certainty is None or self._judge is None:
            return self._captioner.fingerprint
        return hashlib.sha256(f"{self._captioner.fingerprint}{self._captioner.certainty}".encode()).hexdigest()

    @property
    def image_size(self) -> int:
        """Pixels a side that photos are looked at with."""
        return self.model.image_size

    def see(self, images: Sequence[Image.Image]) -> list[SeenPhoto]:
        """RGB photos of any size → regions and scenes of one photo each."""
        pixels = self.model.pixels_of(images)
        return self.see_maps(pixels, self.extract(pixels))

    def extract(self, pixels: NDArray[np.uint8]) -> tuple[Any, ...]:
        """Pixels (B, 3, H, W) → the backbone's maps."""
        return self.model.extract(pixels)

    def see_maps(self, pixels: NDArray[np.uint8], maps: tuple[Any, ...]) -> list[SeenPhoto]:
        """Pixels (B, 3, H, W) and the backbone's maps of them → regions and scenes of one photo each."""
        seen = []
        # One by one: in a batch the last bits of the regions would depend on how many photos there are.
        for row in range(len(pixels)):
            own = slice(row, row + 1)
            regions = self.model.regions.regions_of(pixels[own], tuple(map_[own] for map_ in maps))
            records = self.model.embed_features(regions).records  # (1, S, D)
            photo = records[:, -1] if self.model.has_global else None
            vectors = records[:, : self.model.num_regions]
            seen.append(SeenPhoto(regions, records[0], scene_of(regions.features, vectors, photo, regions.boxes)))
        return seen

    def captions(self, photos: Sequence[SeenPhoto], count: int = 1, beam: int = DEFAULT_BEAM) -> list[list[Caption]]:
        """The ``count`` best sentences of a beam search about each photo, best first; 1 ≤ ``count`` ≤ ``beam``.

        With a caption model that has a ``Certainty`` the alignment model has a say in which are best.
        """
        scene = Scene.joined([photo.scene for photo in photos])
        written = self._written(self._captioner, self._decoder, scene, beam)
        if self._judge is None:
            return [captions[:count] for captions in written]
        return [
            self._judge.chosen(photo.record, captions, count) for photo, captions in zip(photos, written, strict=True)
        ]

    def names(self, photo: SeenPhoto, least: float | None = None) -> tuple[SeenName, ...]:
        """What is surely seen in a photo: a scene first, then things; nothing where the model cannot say.

        ``least`` is a probability to take in the place of the usual one.
        """
        return () if self._judge is None else self._judge.seen(photo.record, least)

    def sampled(
        self, photos: Sequence[SeenPhoto], count: int, temperature: float, seed: int = 0
    ) -> list[list[Caption]]:
        """``count`` sentences about each photo by chance, the likeliest first; ``temperature`` > 0."""
        scene = Scene.joined([photo.scene for photo in photos])
        limit = self._captioner.config.architecture.max_words
        drawn = sample(self._decoder, scene, count, limit, temperature, seed)
        captions = [
            sorted(found, key=lambda caption: -caption.log_probability) for found in self._texts(self._captioner, drawn)
        ]
        if self._judge is None:
            return captions
        return [self._judge.judged(photo.record, found) for photo, found in zip(photos, captions, strict=True)]

    def regions(self, photo: SeenPhoto, beam: int = DEFAULT_BEAM) -> list[DescribedRegion]:
        """What a photo's proposals show, the likeliest description first, without overlapping and redundant ones.

        What is not likely to be right comes last.
        """
        boxes = photo.regions.boxes[0, :-1]  # (R − 1, 4)
        numbers = np.arange(len(boxes))
        scene = photo.scene.rows(np.zeros_like(numbers)).focused(numbers)
        captions = [found[0] for found in self._written(*self._regions, scene, beam)]
        if self._judge is not None:
            captions = self._judge.with_likely(photo.record, captions)
        return [DescribedRegion(tuple(boxes[number].tolist()), captions[number]) for number in _shown(boxes, captions)]

    def _written(
        self, captioner: CaptionFolder, decoder: Decoder, scene: Scene[NDArray[np.float32]], beam: int
    ) -> list[list[Caption]]:
        architecture = captioner.config.architecture
        found = beam_search(decoder, scene, beam, architecture.max_words, architecture.length_power)
        return list(self._texts(captioner, found))

    @staticmethod
    def _texts(captioner: CaptionFolder, found: Sentences) -> Iterator[list[Caption]]:
        for rows, values in zip(found.tokens.tolist(), found.log_probabilities.tolist(), strict=True):
            yield [
                Caption(captioner.numbers.text(row), value)
                for row, value in zip(rows, values, strict=True)
                if value > -float("inf")
            ]


def judge_of(model: EmbeddingModel, captioner: CaptionFolder) -> Judge | None:
    """What judges the sentences of a caption model; None where it, or the alignment model, comes without numbers."""
    certainty = captioner.certainty
    if certainty is None or model.calibration is None or certainty.alignment != model.fingerprint:
        return None
    assert isinstance(model, MultimodalModel)  # what a caption model was fitted to
    return Judge(model, model.calibration, certainty, captioner.config.architecture.length_power)


def _shown(boxes: NDArray[np.float32], captions: Sequence[Caption]) -> list[int]:
    """Which regions (R − 1, 4) to show: the likeliest that neither overlap nor repeat one that is shown already."""
    overlap = overlaps(boxes, boxes).tolist()
    shown: list[int] = []
    order = sorted(
        range(len(captions)), key=lambda row: (captions[row].likely is False, -captions[row].log_probability)
    )
    for number in order:
        repeated = any(
            overlap[number][other] >= (REDUNDANT if captions[number].text == captions[other].text else OVERLAPPING)
            for other in shown
        )
        if not repeated:
            shown.append(number)
        if len(shown) == MAX_REGIONS:
            break
    return shown
