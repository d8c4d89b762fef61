"""What a caption model writes about whole photos, beside what needs no caption model."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.captioning.decode import best_sentences
from engine.captioning.describe import DEFAULT_BEAM, judge_of
from engine.captioning.describe_files import require_numbers
from engine.captioning.folder import CaptionFolder, require_fit
from engine.captioning.inference import fastest_decoder
from engine.captioning.scene import Scene
from engine.captioning.words import WordNumbers
from engine.errors import DatasetError
from engine.language.tokens import tokenize
from engine.language.vocabulary import Vocabulary
from engine.models.multimodal import MultimodalModel
from engine.research.data.caption_batches import SceneView
from engine.research.data.caption_sets import CaptionSet, load_captions
from engine.research.data.features import Report, StoredRegions, no_report, stored_regions
from engine.research.data.scenes import region_vectors
from engine.research.evaluation.caption_baselines import NUM_NEAREST, Consensus, first_against_others, nearest
from engine.research.evaluation.caption_metrics import CaptionFigures, CaptionMeter, Words
from engine.research.evaluation.cider import Cider
from engine.research.evaluation.hallucination import annotated_objects
from engine.research.evaluation.shown_captions import ShownFigures, shown_figures
from engine.research.evaluation.written_captions import write_beams

TRAINING_SPLIT = "train"
NEAREST, CONSENSUS, HUMAN = "nearest neighbour", "consensus", "human agreement"


@dataclass(frozen=True, slots=True)
class CaptionReport:
    """Figures of a caption model and, by name, of what it is compared with; ``left_out`` says what is missing, why."""

    model: str
    alignment: str
    split: str
    beam: int
    figures: CaptionFigures
    baselines: dict[str, CaptionFigures]
    left_out: dict[str, str]
    shown: ShownFigures | None = None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, the figures of the model at the top."""
        return self.figures.as_dict() | {
            "shown": None if self.shown is None else asdict(self.shown),
            "model": self.model, "alignment": self.alignment, "split": self.split, "beam": self.beam,
            "baselines": {name: figures.as_dict() for name, figures in self.baselines.items()},
            "left_out": self.left_out,
        }  # fmt: skip


class Comparison:
    """What a caption model is compared with, as far as it can be had.

    Args:
        meter: measures.
        references: what people wrote about each of N photos or regions.
        photos: which photo (N,) each is of.
        training: the training split, or why there is none.
    """

    def __init__(
        self, meter: CaptionMeter, references: Sequence[Sequence[Words]], photos: Sequence[int],
        training: CaptionSet | str,
    ) -> None:  # fmt: skip
        self._meter = meter
        self._references = references
        self._photos = photos
        self._training = training
        self._rows: dict[str, CaptionFigures] = {}
        self._left_out = {"copied": training} if isinstance(training, str) else {}

    def add(self, name: str, written: Sequence[Words]) -> None:
        """Measure N sentences."""
        self._rows[name] = self._meter.figures(written, self._references, self._photos)

    def leave_out(self, name: str, reason: str) -> None:
        """Say why something is missing."""
        self._left_out[name] = reason

    def add_training(self, names: Sequence[str], choose: Callable[[CaptionSet], Mapping[str, list[Words]]]) -> None:
        """Measure the sentences that ``choose`` takes from the training split, by these names."""
        if isinstance(self._training, str):
            self._left_out |= dict.fromkeys(names, self._training)
            return
        for name, written in choose(self._training).items():
            self.add(name, written)

    def add_people(self, reason: str) -> None:
        """Measure people, each by the first sentence against the others; ``reason`` is said where none has two."""
        some, first, others = first_against_others(self._references)
        if some:
            self._rows[HUMAN] = self._meter.figures(first, others, [self._photos[row] for row in some])
        else:
            self.leave_out(HUMAN, reason)

    def report(self, captioner: str, alignment: str, split: str, beam: int, figures: CaptionFigures) -> CaptionReport:
        """All of it beside the figures of the model."""
        if self._meter.without_meteor:
            self.leave_out("METEOR", self._meter.without_meteor)
        return CaptionReport(captioner, alignment, split, beam, figures, self._rows, self._left_out)


def with_words(captions: CaptionSet) -> CaptionSet:
    """The photos and sentences of a split that have words.

    Raises:
        DatasetError: there are none.
    """
    images = [
        replace(image, sentences=sentences)
        for image in captions.images
        if (sentences := tuple(text for text in image.sentences if tokenize(text).words))
    ]
    if not images:
        raise DatasetError(f"No sentence of split {captions.split!r} of {captions.folder} has a word in it.")
    return replace(captions, images=tuple(images))


def training_captions(data: Path, split: str) -> CaptionSet | str:
    """The training split to compare ``split`` with, or why it cannot be had."""
    try:
        training = with_words(load_captions(data, TRAINING_SPLIT))
    except DatasetError as error:
        return f"it needs the training photos: {error}"
    if split == TRAINING_SPLIT and len(training.images) == 1:
        return "it needs other training photos than the one that is described."
    return training


def write(
    captioner: CaptionFolder, count: int, scene: Callable[[NDArray[np.int64]], Scene[Any]], beam: int,
    report: Report = no_report,
) -> list[Words]:  # fmt: skip
    """The best sentence of a beam search about each of ``count`` scenes, as words.

    Args:
        captioner: writes.
        count: how many.
        scene: gives the scenes of rows.
        beam: width of the search.
        report: told of the progress.
    """
    written: list[Words] = []
    architecture = captioner.config.architecture
    decoder = fastest_decoder(captioner, "cpu")
    for numbers in best_sentences(decoder, architecture, count, scene, beam):
        written.append(captioner.numbers.text(numbers).split())
        report("descriptions", len(written), count)
    return written


def evaluate_captions(
    model: MultimodalModel, captioner: CaptionFolder, data: Path, split: str, *, beam: int = DEFAULT_BEAM,
    baselines: bool = True, report: Report = no_report,
) -> CaptionReport:  # fmt: skip
    """Figures of a caption model on the photos of a split, each against all sentences that people wrote for it.

    Beside it: "nearest neighbour", the first sentence of the training photo that is most alike; "consensus", of the
    sentences of the 60 most alike the one that is most like the others (Devlin et al. 2015); "human agreement", the
    first sentence of each photo against the others, so with one reference less.

    Args:
        model: the alignment model.
        captioner: the caption model, made for it.
        data: a folder with ``dataset.json`` and ``images/<split>/``; what is compared with training sentences needs its
            split "train".
        split: of ``data``.
        beam: width of the beam search.
        baselines: whether to compare.
        report: told of the progress.

    Raises:
        DatasetError: the set or the split cannot be read.
        ModelError: the caption model was made for another alignment model.
        PhotoError: one of the photos cannot be decoded.
        QueryError: the beam is out of its range, or a package is missing.
    """
    require_numbers(1, beam, None)
    require_fit(captioner, model.name, model.fingerprint)
    captions = with_words(load_captions(data, split))
    training = training_captions(data, split)
    known = None if isinstance(training, str) else [tokenize(sentence).words for sentence in training.sentences]
    references = [[tokenize(sentence).words for sentence in image.sentences] for image in captions.images]
    with CaptionMeter(known) as meter:
        regions = stored_regions(model.regions, [image.path for image in captions.images], report=report)
        view = SceneView(regions, region_vectors(model.folder.model.eval(), regions), ())
        rows = range(len(references))
        judge, shown = judge_of(model, captioner), None
        if judge is None:
            written = write(captioner, len(rows), view.scene, beam, report)
        else:
            beams = write_beams(model, captioner, regions, beam, report)
            parts = zip(beams.records, beams.beams, beams.scores, strict=True)
            best = [judge.chosen(record, own, 1, scores)[0] for record, own, scores in parts]
            written = [caption.text.split() for caption in best]
            known_objects = annotated_objects(data)
            objects = None
            if known_objects is not None:
                objects = [known_objects.get(image.path.name, set()) for image in captions.images]
            shown = shown_figures(judge, beams, best, references, objects)
        figures = meter.figures(written, references, rows)
        beside = Comparison(meter, references, rows, training)
        if baselines:
            itself = split == TRAINING_SPLIT
            beside.add_training(
                (NEAREST, CONSENSUS), lambda source: _of_training(model, source, regions, itself, report)
            )
            beside.add_people("no photo has two sentences.")
    return replace(beside.report(captioner.name, model.name, split, beam, figures), shown=shown)


def _of_training(
    model: MultimodalModel, training: CaptionSet, regions: StoredRegions, itself: bool, report: Report
) -> dict[str, list[Words]]:
    """A training sentence for each photo of ``regions``, by the name of the way to choose it.

    Photos are alike by the cosine of what the backbone's last map has of the whole image. By that of the photo vectors
    of the model ``default`` the nearest neighbour's sentences are worse (CIDEr on the validation photos of Flickr8k
    0.227, by the map 0.256), and so is the consensus (0.427, 0.453).
    """
    of_training = stored_regions(model.regions, [image.path for image in training.images], report=report)
    count = min(NUM_NEAREST, len(training.images) - itself)
    photos = np.arange(len(training.images)) if itself else None
    channels = model.folder.config.architecture.map_channels
    own, others = (part.features[:, -1, :channels] for part in (regions, of_training))
    found = nearest(own, others, count, photos, photos)  # (B, k)

    words: list[Words] = [tokenize(sentence).words for sentence in training.sentences]
    of_photo: list[list[int]] = [[] for _ in training.images]
    for row, photo in enumerate(training.image_of_sentence):
        of_photo[photo].append(row)
    numbers = WordNumbers(Vocabulary.from_sentences(words, min_count=1))
    numbered = [numbers.numbers(sentence) for sentence in words]
    cider = Cider([[numbered[row] for row in own] for own in of_photo])
    consensus = Consensus(cider, numbered)
    chosen = []
    for number, own in enumerate(found):
        chosen.append(words[consensus.choose([row for photo in own for row in of_photo[photo]])])
        report("consensus", number + 1, len(found))
    return {NEAREST: [words[of_photo[own[0]][0]] for own in found], CONSENSUS: chosen}
