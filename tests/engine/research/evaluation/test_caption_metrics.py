"""Figures of written sentences: equal to the reference implementations, and what they say of copies and variety."""

import random
import re
import shutil
import sys
from collections.abc import Sequence

import pytest

from engine.errors import QueryError
from engine.research.evaluation.caption_metrics import CaptionMeter, bleu
from engine.research.evaluation.cider import Cider
from engine.runtime.extras import extra_command

SUBJECTS = ("a brown dog", "two small dogs", "a young girl in a red dress", "a man", "three people in the snow")
DOINGS = ("runs", "are running fast", "jumps over a log", "is sitting on a bench", "plays with a ball and a ball")
PLACES = ("on the grass", "in front of a large crowd of people", "near the water", "at night", "")


@pytest.fixture(scope="module")
def sentences() -> tuple[list[list[str]], list[list[list[str]]]]:
    """60 sentences and five references each, put together by chance: of 2 to 20 words."""
    chance = random.Random(5)

    def sentence() -> list[str]:
        parts = [chance.choice(part) for part in (SUBJECTS, DOINGS, PLACES)]
        return " ".join(parts[: chance.choice((1, 2, 3, 3, 3))]).split()

    return [sentence() for _ in range(60)], [[sentence() for _ in range(5)] for _ in range(60)]


@pytest.fixture
def no_java(monkeypatch: pytest.MonkeyPatch) -> None:
    """METEOR's process takes long to start: where another figure is looked at, it is left out."""
    monkeypatch.setenv("PATH", "")


def joined(rows: Sequence[Sequence[Sequence[str]]]) -> dict[int, list[str]]:
    """Sentences as the reference implementations take them."""
    return {number: [" ".join(words) for words in row] for number, row in enumerate(rows)}


def test_bleu_is_that_of_the_reference_implementation(
    sentences: tuple[list[list[str]], list[list[list[str]]]],
) -> None:
    from pycocoevalcap.bleu.bleu import Bleu

    written, references = sentences
    expected, _ = Bleu(4).compute_score(joined(references), joined([[words] for words in written]), verbose=0)
    assert min(len(words) for words in written) < 4  # too short for an n-gram of four words
    assert bleu(written, references) == pytest.approx([100 * figure for figure in expected], rel=1e-6)
    assert 0 < bleu(written, references)[3] < bleu(written, references)[0] < 100


def test_bleu_of_long_sentences_is_that_of_nltk(sentences: tuple[list[list[str]], list[list[list[str]]]]) -> None:
    from nltk.translate.bleu_score import corpus_bleu

    rows = [row for row, words in enumerate(sentences[0]) if len(words) >= 4]
    written, references = ([part[row] for row in rows] for part in sentences)
    assert bleu(written, references)[3] == pytest.approx(100 * corpus_bleu(references, written), rel=1e-9)


def test_bleu_without_a_common_word_or_run_of_words_is_zero() -> None:
    references = [[["a", "dog", "runs", "far"]]]
    assert bleu([["the", "cat", "sits", "here"]], references) == (0, 0, 0, 0)
    assert bleu([["far", "runs", "dog", "a"]], references) == pytest.approx((100, 0, 0, 0))
    assert bleu([["a", "dog"]], [[["a", "dog"]]]) == pytest.approx((100, 100, 0, 0))


def test_cider_of_training_is_that_of_the_reference_implementation(
    sentences: tuple[list[list[str]], list[list[list[str]]]],
) -> None:
    from pycocoevalcap.cider.cider import Cider as ReferenceCider

    written, references = sentences
    mean, each = ReferenceCider().compute_score(joined(references), joined([[words] for words in written]))
    words = {word for row in [written, *references] for sentence in row for word in sentence}
    numbers = {word: number for number, word in enumerate(sorted(words))}
    numbered = [[[numbers[word] for word in sentence] for sentence in row] for row in references]
    own = Cider(numbered).scores(range(len(written)), [[numbers[word] for word in sentence] for sentence in written])
    assert own == pytest.approx(each, abs=1e-6)
    assert own.mean() == pytest.approx(mean, abs=1e-6)
    assert mean > 0.1


@pytest.mark.usefixtures("no_java")
def test_sentences_of_people_score_highest(sentences: tuple[list[list[str]], list[list[list[str]]]]) -> None:
    written, references = sentences
    with CaptionMeter(None) as meter:
        same = meter.figures([row[0] for row in references], references, range(60))
        others = meter.figures(written, references, range(60))
    assert same.bleu == (100, 100, 100, 100)
    assert same.rouge_l == 1.0
    assert others.bleu[3] < 100
    assert others.rouge_l < 1
    assert others.cider < same.cider
    assert (same.images, same.regions, same.copied) == (60, None, None)
    assert "regions" not in same.as_dict()


@pytest.mark.usefixtures("no_java")
def test_copies_are_whole_sentences_of_photos_and_parts_of_sentences_of_regions() -> None:
    training = [("a", "dog", "runs", "on", "grass"), ("a", "cat")]
    written = [["a", "dog"], ["a", "cat"], ["a", "cat"], ["dog", "runs", "on"], ["at", "a", "dog"], ["a", "do"]]
    references = [[words] for words in written]
    with CaptionMeter(training) as of_photos, CaptionMeter(training, of_regions=True) as of_regions:
        photos = of_photos.figures(written, references, range(6))
        regions = of_regions.figures(written, references, [0, 0, 0, 1, 1, 2])
    assert photos.copied == pytest.approx(100 * 2 / 6, abs=0.01)
    assert regions.copied == pytest.approx(100 * 4 / 6, abs=0.01)
    assert (photos.distinct, photos.vocabulary, photos.images) == (5, 7, 6)
    assert (regions.images, regions.regions) == (3, 6)
    assert regions.as_dict()["regions"] == 6


@pytest.mark.skipif(shutil.which("java") is None, reason="METEOR needs Java")
def test_meteor_is_measured_and_its_process_closed() -> None:
    references = [[["a", "dog", "runs"], ["the", "dog", "is", "running"]], [["two", "cats"]]]
    with CaptionMeter(None) as meter:
        same = meter.figures([["a", "dog", "runs"], ["two", "cats"]], references, [0, 1]).meteor
        other = meter.figures([["a", "dog", "jumps"], ["two", "men"]], references, [0, 1]).meteor
        assert meter._meteor is not None
        process = meter._meteor.meteor_p
        assert process.poll() is None
    assert process.poll() is not None
    assert process.stdout.closed
    assert meter.without_meteor is None
    assert same is not None
    assert other is not None
    assert 0 < other < same <= 1


@pytest.mark.usefixtures("no_java")
def test_without_java_there_is_no_meteor_and_a_reason() -> None:
    with CaptionMeter(None) as meter:
        assert meter.figures([["a", "dog"]], [[["a", "dog"]]], [0]).meteor is None
        assert "Java" in str(meter.without_meteor)


def test_java_that_fails_leaves_the_other_figures(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path_factory.mktemp("bin")
    (folder / "java").write_text(f"#!{sys.executable}\n")
    (folder / "java").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    with CaptionMeter(None) as meter:
        found = meter.figures([["a", "dog"]], [[["a", "dog"]]], [0])
        assert (found.meteor, found.rouge_l) == (None, 1.0)
        assert "failed" in str(meter.without_meteor)


def test_a_missing_package_is_named_with_what_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pycocoevalcap.cider.cider", None)
    with pytest.raises(QueryError, match=re.escape(extra_command("evaluation"))):
        CaptionMeter(None)
