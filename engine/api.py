"""The library of this project: open a photo library, index, ask.

>>> from engine import Engine
>>> engine = Engine.open("my-library")  # doctest: +SKIP
>>> engine.index(["photos"]).added  # doctest: +SKIP
128
>>> engine.search("a dog jumping over a log")[0].path  # doctest: +SKIP
PosixPath('/home/me/photos/rex.jpg')
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Unpack

from engine.encoding import Encoding, several_texts
from engine.opened import asked_steadily
from engine.photos.given import Paths, PhotoLike, paths_of, photo_of
from engine.results.hits import Answer, Hit, Hits, RegionHits, SentenceHits
from engine.search import answering
from engine.search.answering import Ranking, SearchOptions
from engine.search.options import require_filter, require_limit, require_options
from engine.search.question import Question
from engine.search.regions import search_regions
from engine.search.sentences import search_sentences
from engine.search.wording import showing
from engine.types import Basis
from index import Generated, PhotoFilter, SearchParams

if TYPE_CHECKING:
    from engine.library.report import IndexReport, Report
    from engine.watching import WatchOptions

MANY_WORDS = 8  # of a text that is no single word
QUESTIONS_TOGETHER = 8  # that threads answer at the same time; docs/decisions


class Engine(Encoding):
    """A photo library with the model that reads it. Use ``Engine.open``; close it, or use it in a ``with`` block.

    Networks are loaded when they are first needed, and stay.
    """

    def index(
        self,
        paths: Paths | None = None,
        sentences: Paths = (),
        *,
        report: "Report" = lambda _: None,
        allow_missing: bool = False,
        max_pixels: int | None = None,
        rebuild_vectors: bool = False,
        check_content: bool = False,
        captions: bool = False,
        captioner: str | None = None,
        text: bool = False,
        workers: int | str | None = None,
    ) -> "IndexReport":
        """Bring the library up to date with photos and sentences; it is made when there is none.

        Args:
            paths: photos, and folders to be walked; None for those of earlier runs.
            sentences: text files with one sentence a line, or files like ``dataset.json``.
            report: called with the progress.
            allow_missing: hide photos that disappeared even where a whole folder did, or more than a tenth of the
                library. Hidden photos come back, with their vectors, when their files do.
            max_pixels: the largest photo taken, in pixels; None for what the memory allows.
            rebuild_vectors: make the vectors again; the repair of a damaged vector file.
            check_content: read every file, also those whose size and times say that they are what they were.
            captions: let a caption model describe photos that it has not described yet; without it, captions stay as
                they are, and photos that changed lose theirs.
            captioner: ``default``, ``paper`` or the folder of a caption model; None for ``default``.
            text: read the text in photos that were not read yet, once a photo; it needs the extra ``ocr``.
            workers: embed photos by so many processes, or by those of a cluster: ``ray``, ``ray://HOST:10001``.

        Raises:
            PhotoPathError: a path that does not exist, or no path was given and there is no earlier run.
            PhotosGoneError: too many photos disappeared to hide them without ``allow_missing``; nothing is changed.
            SentenceFileError: a file of sentences that cannot be read.
            LibraryError: the library cannot be written, is damaged, or is being written by someone else.
            ModelError: there is no such caption model, or it was made for another alignment model; or the extra ``ocr``
                is not installed.
        """
        # A search waits for none of these.
        from engine.library.indexing import Indexer
        from engine.library.roots import scan_library
        from engine.library.sentences import sentences_of_file
        from engine.library.stored_captions import LibraryCaptions
        from engine.library.texts_in_photos import LibraryTexts
        from engine.reading.text_reader import TextReader
        from index import open_writer, require_possible

        require_possible(self.folder)  # said before photos are looked for and the model is loaded
        found = scan_library(self.folder, None if paths is None else paths_of(paths), allow_missing=allow_missing)
        texts = {str(file): sentences_of_file(file) for file in paths_of(sentences)}
        model = self.model
        describer = self.describer(captioner) if captions else None  # refused before anything is written
        reader = TextReader() if text else None
        elsewhere = None if workers is None else self._workers(str(workers), max_pixels)
        self.close()
        with open_writer(self.folder) as writer:
            captions_of = LibraryCaptions(writer, model, describer, max_pixels) if describer else None
            texts_of = LibraryTexts(writer, reader, max_pixels) if reader else None
            indexer = Indexer(writer, model, report, max_pixels, captions_of, texts_of, elsewhere)
            return indexer.run(
                found,
                texts,
                rebuild_vectors=rebuild_vectors,
                allow_missing=allow_missing,
                check_content=check_content,
            )

    def watch(
        self,
        paths: Paths | None = None,
        stop: Event | None = None,
        **options: Unpack["WatchOptions"],
    ) -> None:
        """Do as ``index``, and again whenever photos change, until ``stop`` is set; see ``engine.watching.watch``."""
        from engine.watching import watch

        watch(self, None if paths is None else paths_of(paths), stop or Event(), **options)

    @property
    def default_min_probability(self) -> float:
        """The probability below which the model's hits for one text are better left out; 0 where it knows none.

        Single words have a cut of their own: ``default_cut``.

        It was chosen so that queries with an answer get one, and queries without get none, as often as possible.
        """
        return self.model.cut_of(MANY_WORDS)

    def default_cut(self, asked: str | Question) -> float:
        """The same for a question: of several texts the geometric mean, as their probability is."""
        return answering.default_cut(self.model, Question.about(asked))

    @asked_steadily
    def answer(
        self,
        asked: str | Question,
        limit: int = 10,
        params: SearchParams | None = None,
        *,
        min_probability: float | None = None,
        generated: Generated = "include",
        where: PhotoFilter | None = None,
        basis: Basis = "both",
        group: bool = False,
    ) -> Answer:
        """The photos that answer a question, best first, each with the phrases of the texts and where they were found.

        Args:
            asked: what should be seen; a ``Question`` of several texts, unwanted ones too, and example photos.
            limit: how many pictures at most: photos of equal content or pixels are one hit.
            params: how candidates are found in a large library, and whether copies are hits of their own.
            min_probability: leave out what is less likely, even where nothing is left; 0 keeps everything. None for
                the photos that reach ``default_cut``, or the closest where none does.
            generated: ``include`` ranks by what is seen and by what a caption model wrote about the photos, as far as
                it did; ``exclude`` by what is seen; ``only`` finds captioned photos, by their captions.
            where: which photos may be found.
            basis: ``both`` finds photos by what is seen and by what people wrote about them; ``seen`` or ``written``
                by one alone. Words in quotation marks must be written in any case.
            group: join photos that are almost the same picture, or of one burst, with the best of them.

        Returns:
            The photos, each with whether it is likely, and why there are none or only the closest.

        Raises:
            QueryError: a text has no word that the model knows, or ``generated`` is none of the three.
            PhotoError: an example photo cannot be read.
            LibraryMissingError: there is no library.
            WrongModelError: another model made the library.
        """
        found = self.rank(
            asked,
            limit,
            params,
            min_probability=min_probability,
            generated=generated,
            where=where,
            basis=basis,
            group=group,
        )
        return Answer(
            self.explain(found), found.likely, found.cut, found.why_nothing, found.warnings, found.corrections
        )

    @asked_steadily
    def rank(
        self,
        asked: str | Question,
        limit: int = 10,
        params: SearchParams | None = None,
        *,
        min_probability: float | None = None,
        generated: Generated = "include",
        where: PhotoFilter | None = None,
        basis: Basis = "both",
        group: bool = False,
    ) -> Ranking:
        """As ``answer``, with photos that are not yet explained: to rank many and ``explain`` those that are shown."""
        require_options(limit, params, where, min_probability, basis)
        question = Question.about(asked)
        if basis == "written":
            return answering.rank_written(self.reader, question, limit, params or SearchParams(), where, group=group)
        reader = self._fitting_reader()
        return answering.rank(
            reader,
            self.model,
            question,
            limit,
            params or SearchParams(),
            min_probability,
            generated,
            where,
            basis,
            group=group,
        )

    def explain(self, ranking: Ranking, start: int = 0, stop: int | None = None) -> tuple[Hit, ...]:
        """The photos of a ranking from ``start`` to ``stop``, with their phrases, boxes and captions."""
        return answering.explain(self.model if ranking.texts else None, ranking, ranking.photos[start:stop])

    def search(
        self,
        asked: str | Question,
        limit: int = 10,
        params: SearchParams | None = None,
        *,
        min_probability: float = 0.0,
        generated: Generated = "include",
        where: PhotoFilter | None = None,
        basis: Basis = "both",
        group: bool = False,
    ) -> Hits:
        """The photos of ``answer`` that match with at least ``min_probability``, all by default; none where none does.

        What a user should know about the question is told to the Engine's ``warn``. Raises as ``answer``.
        """
        answer = self.answer(
            asked,
            limit,
            params,
            min_probability=min_probability,
            generated=generated,
            where=where,
            basis=basis,
            group=group,
        )
        self._tell(answer)
        return Hits(answer.hits)

    def _tell(self, answer: Answer, about: str = "") -> None:
        for warning in (*showing(answer.corrections), *answer.warnings):
            self._warn(about + warning)

    @asked_steadily
    def search_many(
        self, asked: Iterable[str | Question], limit: int = 10, **options: Unpack[SearchOptions]
    ) -> list[Hits]:
        """The hits of ``search`` for each of several questions, in their order: the same, sooner than one by one.

        Scores agree within the rounding of single precision, because a large library is scanned for several at once.
        All are answered from one state of the library, with the options of ``search``; ``warn`` is told which question
        a sentence is about. Raises as ``answer``, for the first question that cannot be answered.
        """
        questions = [Question.about(one) for one in several_texts(asked)]
        options.setdefault("min_probability", 0.0)
        with self._held(), ThreadPoolExecutor(QUESTIONS_TOGETHER, thread_name_prefix="questions") as threads:
            answers = list(threads.map(lambda question: self.answer(question, limit, **options), questions))
        for question, found in zip(questions, answers, strict=True):
            self._tell(found, f"{question.name}: ")
        return [Hits(answer.hits) for answer in answers]

    @asked_steadily
    def search_regions(
        self,
        asked: str | Question,
        limit: int = 10,
        params: SearchParams | None = None,
        *,
        where: PhotoFilter | None = None,
    ) -> RegionHits:
        """As ``search``, but each hit is a region of a photo: several of one photo where they do not overlap.

        It knows no probabilities and no captions, and raises ``QueryError`` for example photos too.
        """
        require_options(limit, params, where)
        reader, question = self._fitting_reader(), Question.about(asked)
        return search_regions(reader, self.model, question, limit, params or SearchParams(), self._warn, where)

    @asked_steadily
    def why_nothing(self, where: PhotoFilter | None = None, *, with_example: bool = False) -> str:
        """Why a search of regions, or one for similar photos, found nothing at all: a sentence that says what to do."""
        require_filter(where)
        return answering.why_nothing(self.reader, where, with_example=with_example)

    @asked_steadily
    def sentences(
        self, image: PhotoLike, limit: int = 10, *, generated: Generated = "include", others: bool = False
    ) -> SentenceHits:
        """The photo's own descriptions, then the sentences of the library's files that describe it best.

        The photo need not be indexed. With ``others`` the descriptions of other photos count too. ``generated`` says
        whether those count that a caption model wrote and no person: ``include``, ``exclude`` or ``only``.

        Raises:
            PhotoError: the photo cannot be read.
            QueryError: ``generated`` is none of the three.
            LibraryMissingError: there is no library.
            WrongModelError: another model made the library.
        """
        require_limit(limit)
        return search_sentences(self._fitting_reader(), self.model, photo_of(image), limit, generated, others=others)

    def remove_sentences(self, file: str | Path) -> int:
        """Forget the sentences of a file, except those that stand elsewhere too; returns how many it had.

        Raises:
            SentenceFileError: the library holds no sentences of such a file.
            LibraryError: the library cannot be written, is damaged, or is being written by someone else.
        """
        from engine.library.sentences import remove_sentences

        self.close()
        return remove_sentences(self.folder, file)

    def similar(
        self,
        images: PhotoLike | Iterable[PhotoLike],
        limit: int = 10,
        params: SearchParams | None = None,
        *,
        where: PhotoFilter | None = None,
        group: bool = False,
    ) -> Hits:
        """The photos of the library that look most like a photo, or like several; these need not be indexed.

        Those that are indexed are left out with their copies, of which ``warn`` is told.

        Raises:
            PhotoError: a photo cannot be read.
            QueryError: there is no photo, or too many.
            LibraryMissingError: there is no library.
            WrongModelError: another model made the library.
        """
        question = Question.of(like=images)
        return self.search(question, limit, params, generated="exclude", where=where, group=group)
