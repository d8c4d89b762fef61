"""Builds and sentences: a change of model keeps the catalogue and never mixes vectors."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from index import BuildSpec, LibraryWriter, SearchParams, WrongModelError, read_status


def test_sentences_are_found_for_a_photo(maker: Any) -> None:
    spec = maker.spec
    maker.fill(3)
    counts = [3, 1, 4, 2, 0]
    rows = maker.rng.standard_normal((sum(counts) + len(counts) * spec.has_global, 12)).astype(np.float16)
    texts = ["a dog", "ein Hund\n", "'quoted'", "犬", ""]
    with LibraryWriter.open(maker.folder, max_rows=5) as writer:
        writer.use_build(spec)
        cut = sum(counts[:2]) + 2 * spec.has_global
        writer.add_sentences(texts[:2], ["a", "b"], rows[:cut], np.array(counts[:2]))
        writer.add_sentences(texts[2:], ["a", "b", "c"], rows[cut:], np.array(counts[2:]))
        writer.replace_sentence_file(["a"], texts)
        assert writer.sentences_to_embed() == []
    with maker.reader() as reader:
        record = reader.photo_vectors([2])[0]
        expected, row = {}, 0
        for text, count in zip(texts, counts, strict=True):
            words = rows[row : row + count].astype(np.float32)
            expected[text] = sum(max(float(region @ word) for region in record[:5]) for word in words)
            row += count
            if spec.has_global:
                expected[text] += float(record[5] @ rows[row].astype(np.float32))
                row += 1
        found = reader.search_sentences(record, 10)
        best_first = sorted(texts, key=lambda text: -expected[text])
        assert reader.sentence_texts([number for number, _ in found]) == best_first
        np.testing.assert_allclose([s for _, s in found], [expected[text] for text in best_first], rtol=1e-4, atol=1e-4)


def test_a_sentence_given_twice_is_there_once(plain: Any) -> None:
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        for source in ("first", "second"):
            writer.replace_sentence_file([source], ["a"])
            writer.add_sentences(["a"], [source], np.ones((2, 12), np.float16), np.array([1]))
        writer.use_build(replace(plain.spec, fingerprint="other"))
        assert writer.sentences_to_embed() == [("a", "first", False)]


def test_a_change_of_model_keeps_the_catalogue_and_never_mixes_vectors(plain: Any) -> None:
    plain.fill(20)
    other = BuildSpec("other", "f1" * 32 + "-other", 3, 7, has_global=False)
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec)
        writer.replace_sentence_file(["x"], ["a"])
        writer.add_sentences(["a"], ["x"], np.ones((2, 12), np.float16), np.array([1]))
        writer.use_build(other)
        known = dict(writer.known_photos())
        assert len(known) == 20
        assert not any(photo.embedded for photo in known.values())
        assert writer.sentences_to_embed() == [("a", "x", False)]
        assert writer.record_with_content("content of /photos/0.jpg") is None
        newer = replace_spec(plain, other)
        newer.add(writer, ["/photos/3.jpg"])
        writer.finish()
    newer.assert_holds_what_was_added()
    with newer.reader() as reader:
        assert reader.build is not None
        assert reader.build.fingerprint == other.fingerprint
        assert [number for number, _ in reader.search_photos(newer.query(), 9, SearchParams("approximate"))] == [4]
        assert len(read_status(newer.folder).builds) == 2
    with LibraryWriter.open(plain.folder) as writer:  # and back: nothing has to be embedded again
        writer.use_build(plain.spec)
        assert all(photo.embedded for _, photo in writer.known_photos())
        writer.finish()
        writer.drop_other_builds()
    plain.assert_holds_what_was_added()
    assert len(read_status(plain.folder).builds) == 1
    assert len(list((plain.folder / "vectors").iterdir())) == 1


def replace_spec(maker: Any, spec: BuildSpec) -> Any:
    return replace(maker, spec=spec, vectors={}, boxes={})


def test_a_photo_edited_under_a_new_model_is_stale_in_the_old_build(plain: Any) -> None:
    plain.fill(2)
    other = replace(plain.spec, fingerprint="other")
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(other)
        plain.add(writer, ["/photos/0.jpg"], content="edited")
        plain.add(writer, ["/photos/1.jpg"])
        writer.use_build(plain.spec)
        known = dict(writer.known_photos())
        assert not known["/photos/0.jpg"].embedded
        assert known["/photos/1.jpg"].embedded


def test_discarded_vectors_can_be_made_again(plain: Any) -> None:
    plain.fill(10)
    next(plain.folder.rglob("*.f16")).write_bytes(b"rubbish")
    with LibraryWriter.open(plain.folder) as writer:
        writer.use_build(plain.spec, discard_vectors=True)
        known = dict(writer.known_photos())
        assert len(known) == 10
        assert not any(photo.embedded for photo in known.values())
        plain.add(writer, sorted(known))
        writer.finish()
    plain.assert_holds_what_was_added()


def test_one_fingerprint_has_one_shape(plain: Any) -> None:
    plain.fill(1)
    with LibraryWriter.open(plain.folder) as writer, pytest.raises(WrongModelError, match="another fingerprint"):
        writer.use_build(replace(plain.spec, dimension=13))
