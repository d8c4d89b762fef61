"""Captions in a library: whose sentence it is, what goes with a photo, what comes with a copy, what is found."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from index import CaptionRow, LibraryWriter, Query, WrongModelError, read_status

WRITER = "c0ffee" * 8


def rows_for(maker: Any, texts: Iterable[str]) -> tuple[NDArray[np.float16], NDArray[np.int64]]:
    """Vectors of sentences, the same for a text every time, and their numbers of words."""
    counts = [len(text.split()) for text in texts]
    rows = [
        np.random.default_rng(list(text.encode())).standard_normal(
            (count + maker.spec.has_global, maker.spec.dimension)
        )
        for text, count in zip(texts, counts, strict=True)
    ]
    joined = np.concatenate(rows) if rows else np.empty((0, maker.spec.dimension))
    return joined.astype(np.float16), np.array(counts, np.int64)


def caption(maker: Any, writer: LibraryWriter, captions: Mapping[int, str], captioner: str = WRITER) -> list[str]:
    """Give photos a caption each; return the texts that had to be embedded."""
    rows = {photo_id: [CaptionRow(text, -photo_id / 2)] for photo_id, text in captions.items()}
    texts = writer.texts_to_embed(captions.values())
    writer.add_captions(captioner, rows, texts, *rows_for(maker, texts))
    return texts


def write(maker: Any, writer: LibraryWriter, *texts: str) -> None:
    """Add sentences of a person."""
    writer.add_sentences(texts, ["by hand"] * len(texts), *rows_for(maker, texts))


def sentences_in(maker: Any) -> dict[str, bool]:
    """The sentences of the current build and which of them are generated."""
    with maker.reader() as reader:
        record = np.ones((maker.spec.rows_per_photo, maker.spec.dimension), np.float32)
        ids = [number for number, _ in reader.search_sentences(record, 99)]
        return dict(zip(reader.sentence_texts(ids), reader.are_generated(ids), strict=True))


def captions_in(maker: Any, *photo_ids: int) -> list[list[str]]:
    with maker.reader() as reader:
        return [[own.text for own in found] for found in reader.captions(photo_ids)]


def test_captions_are_read_back_best_first_and_counted_apart(maker: Any) -> None:
    maker.fill(3)
    with LibraryWriter.open(maker.folder) as writer:
        writer.use_build(maker.spec)
        write(maker, writer, "a red car")
        texts = ["a dog", "a big dog"]
        rows = {2: [CaptionRow("a dog", -1.5), CaptionRow("a big dog", -2.25)]}
        writer.add_captions(WRITER, rows, texts, *rows_for(maker, texts))
        assert set(writer.photos_without_captions(WRITER)) == {"/photos/0.jpg", "/photos/2.jpg"}
        assert len(writer.photos_without_captions("another")) == 3
        assert (
            writer.photos_without_captions("another")["/photos/1.jpg"] == dict(writer.known_photos())["/photos/1.jpg"]
        )
    with maker.reader() as reader:
        assert reader.captions([3, 2]) == [[], rows[2]]
        status = read_status(maker.folder)
        assert (status.sentences, status.generated_sentences) == (3, 2)
        record = reader.photo_vectors([1])[0]
        found = {choice: reader.search_sentences(record, 99, choice) for choice in ("include", "exclude", "only")}
        assert reader.sentence_texts([number for number, _ in found["exclude"]]) == ["a red car"]
        assert set(reader.sentence_texts([number for number, _ in found["only"]])) == set(texts)
        assert dict(found["exclude"] + found["only"]) == pytest.approx(dict(found["include"]))
        assert found["only"] == sorted(found["only"], key=lambda pair: -pair[1])
        assert len(reader.search_sentences(record, 1, "only")) == 1


def test_what_a_person_wrote_is_not_generated_whoever_was_first(plain: Any) -> None:
    plain.fill(3)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        write(plain, writer, "a dog")
        assert caption(plain, writer, {1: "a dog", 2: "a cat", 3: "a cow"}) == ["a cat", "a cow"]
        writer.replace_sentence_file(["by hand"], ["a dog", "a cat"])
        assert writer.sentences_to_embed() == [("a cat", "by hand", False)]
        write(plain, writer, "a cat")
        assert writer.sentences_to_embed() == []
        writer.use_build(replace(plain.spec, fingerprint="other"))
        assert writer.sentences_to_embed() == [("a dog", "by hand", False), ("a cat", "by hand", False)]
        assert [text for text, _, _ in writer.generated_to_embed()] == ["a cow"]
        writer.use_build(plain.spec)
    assert sentences_in(plain) == {"a dog": False, "a cat": False, "a cow": True}
    assert captions_in(plain, 1, 2, 3) == [["a dog"], ["a cat"], ["a cow"]]
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        writer.remove_photos([1, 2, 3])
    assert sentences_in(plain) == {"a dog": False, "a cat": False}


def test_newer_captions_replace_older_ones_and_unused_sentences_go(plain: Any) -> None:
    plain.fill(3)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        caption(plain, writer, {1: "a dog", 2: "a dog", 3: "a cat"})
        assert caption(plain, writer, {1: "a cow", 3: "a cat"}, captioner="newer") == ["a cow"]
        assert list(writer.photos_without_captions("newer")) == ["/photos/1.jpg"]
    assert sentences_in(plain) == {"a dog": True, "a cat": True, "a cow": True}
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        caption(plain, writer, {2: "a cow"}, captioner="newer")
        assert writer.photos_without_captions("newer") == {}
    assert sentences_in(plain) == {"a cat": True, "a cow": True}
    assert captions_in(plain, 1, 2, 3) == [["a cow"], ["a cow"], ["a cat"]]


def test_a_changed_or_removed_photo_loses_its_caption_and_the_sentence_with_it(plain: Any) -> None:
    plain.fill(4)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        caption(plain, writer, {1: "a dog", 2: "a cat", 3: "a cow", 4: "a cow"})
        plain.add(writer, ["/photos/0.jpg"], content="edited")
        plain.add(writer, ["/photos/1.jpg"])  # embedded again with the content that it had
        writer.remove_photos([3])
        assert set(writer.photos_without_captions(WRITER)) == {"/photos/0.jpg"}
    assert captions_in(plain, 1, 2, 4) == [[], ["a cat"], ["a cow"]]
    assert sentences_in(plain) == {"a cat": True, "a cow": True}


def test_a_copy_shares_the_captions(plain: Any) -> None:
    plain.fill(3)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        caption(plain, writer, {1: "a dog", 2: "a cat"})
        copy = writer.link_photo("/copy.jpg", 7, 8, "content of /photos/0.jpg")
        assert writer.link_photo("/photos/1.jpg", 7, 8, "content of /photos/0.jpg") == 2  # it is another copy now
        uncaptioned = writer.link_photo("/other.jpg", 7, 8, "content of /photos/2.jpg")
        assert copy is not None
        assert uncaptioned is not None
        assert set(writer.photos_without_captions(WRITER)) == {"/photos/2.jpg", "/other.jpg"}
    assert captions_in(plain, 1, copy, 2, uncaptioned) == [["a dog"], ["a dog"], ["a dog"], []]
    assert sentences_in(plain) == {"a dog": True}
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        writer.remove_photos([1])
    assert captions_in(plain, copy, 2) == [["a dog"], ["a dog"]]


def test_caption_scores_equal_slow_loops_and_know_the_photos_with_a_caption(maker: Any) -> None:
    maker.fill(5)
    captions = {5: "a dog", 2: "a big red dog", 4: "a dog"}
    with LibraryWriter.open(maker.folder, max_rows=4) as writer:
        writer.use_build(maker.spec)
        write(maker, writer, "a sentence between")
        caption(maker, writer, captions)
        writer.add_sentences(["after"], ["x"], *rows_for(maker, ["after"]))
    query = maker.query()

    def slow(text: str) -> float:
        rows = rows_for(maker, [text])[0].astype(np.float64)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        words = rows[: len(text.split())]
        score = sum(max(float(own @ word) for own in words) for word in query.words)
        return score + (float(rows[-1] @ query.sentence) if query.sentence is not None else 0.0)

    with maker.reader() as reader:
        photo_ids, scores = reader.caption_scores(query)
        assert photo_ids.tolist() == [2, 4, 5]
        np.testing.assert_allclose(scores, [slow(captions[photo]) for photo in (2, 4, 5)], rtol=1e-4, atol=1e-4)
        with pytest.raises(WrongModelError):
            reader.caption_scores(Query(query.words[:, :3], query.sentence))


def test_after_a_change_of_model_captions_count_as_soon_as_they_are_embedded(plain: Any) -> None:
    plain.fill(2)
    other = replace(plain, spec=replace(plain.spec, fingerprint="other", dimension=7), vectors={}, boxes={})
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        caption(plain, writer, {1: "a dog", 2: "a cat"})
        writer.use_build(other.spec)
        assert writer.photos_without_captions("newer") == {}  # no photo is in this build yet
        other.add(writer, ["/photos/0.jpg"])
    with other.reader() as reader:
        assert len(reader.caption_scores(other.query())[0]) == 0
        assert [own.text for own in reader.captions([1])[0]] == ["a dog"]
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(other.spec)
        texts, sources, _ = zip(*writer.generated_to_embed(), strict=True)
        writer.add_sentences(texts, sources, *rows_for(other, texts), generated=True)
    with other.reader() as reader:
        assert reader.caption_scores(other.query())[0].tolist() == [1]
        assert read_status(other.folder).generated_sentences == 2


def test_a_caption_without_vectors_is_refused_and_nothing_is_written(plain: Any) -> None:
    plain.fill(2)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        caption(plain, writer, {1: "a dog"})
        with pytest.raises(ValueError, match="'a cat' comes without vectors"):
            writer.add_captions(WRITER, {1: [CaptionRow("a cat", -1.0)]}, [], *rows_for(plain, []))
        with pytest.raises(WrongModelError):
            writer.add_captions(WRITER, {}, ["a cat"], np.zeros((2, 12), np.float16), np.array([2]))
        rows = np.full((3, 12), np.inf, np.float16)
        with pytest.raises(ValueError, match="NaN or infinity"):
            writer.add_captions(WRITER, {1: [CaptionRow("a cat", -1.0)]}, ["a cat"], rows, np.array([2]))
    assert captions_in(plain, 1) == [["a dog"]]
    assert sentences_in(plain) == {"a dog": True}
