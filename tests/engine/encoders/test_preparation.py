"""Photos and texts are made ready as open_clip does it."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
from PIL import Image
from tiny_encoders import own_tokenizer

from engine.encoders.conversion import tokenizer as conversion
from engine.encoders.pixels import encoder_pixels, in_seen_part, seen_part
from engine.encoders.texts import TextTokenizer
from engine.errors import ModelError

SENTENCES = (
    "A dog jumps over a log.", "It's 3 o'clock — they'll “run”… &amp; don't!", "Zwei Hunde laufen im Schnee; ÄÖÜ ß",
    "Un garçon déjà à l'été, naïve cœur", "Две собаки бегут по снегу", "två hundar på en äng", "کتاب روی میز است",
    "كلب يقفز فوق جذع شجرة", "一只狗跳过木头。", "犬が丸太を飛び越える", "개가 통나무를 뛰어넘는다",
    "कुत्ता लट्ठे पर कूदता है", "สุนัขกระโดดข้ามท่อนไม้", "σκύλος πηδά πάνω από κορμό", "כלב קופץ מעל בול עץ",
    "ძაღლი ხტება", "ｆｕｌｌ ｗｉｄｔｈ ﬁsh", "emoji 🐕‍🦺 and 👩🏽‍🚀, too",
    "a_b c-d e/f (g) [h] {i} #1 100% $5", "x" * 300,
)  # fmt: skip
TEXTS = [
    form.format(text) for text in SENTENCES for form in ("{}", "A PHOTO OF {}!", "  {}\n\t{{}} ", "{0} {0}", "({})?")
]


def test_the_texts_are_a_hundred() -> None:
    assert len(set(TEXTS)) == 100


def test_token_ids_of_clip_are_those_of_open_clip(tmp_path: Path) -> None:
    conversion.clip_tokenizer(77).save(str(tmp_path / "tokenizer.json"))
    ids = TextTokenizer(tmp_path / "tokenizer.json", "lower", None)(TEXTS)
    np.testing.assert_array_equal(ids, open_clip.tokenize(TEXTS).numpy())


@pytest.mark.parametrize("clean", ["canonicalize", "whitespace", "lower"])
def test_token_ids_of_a_tokenizer_of_ones_own_are_those_of_open_clip(tmp_path: Path, clean: str) -> None:
    own_tokenizer(tmp_path)
    made, _ = conversion.own_tokenizer(tmp_path, 64)
    reference = open_clip.tokenizer.HFTokenizer(str(tmp_path), context_length=64, clean=clean)
    (tmp_path / "made").mkdir()
    made.save(str(tmp_path / "made" / "tokenizer.json"))
    ids = TextTokenizer(tmp_path / "made" / "tokenizer.json", clean, None)(TEXTS)
    np.testing.assert_array_equal(ids, reference(TEXTS).numpy())


def test_a_text_that_is_cut_off_is_known_to_be(tmp_path: Path) -> None:
    conversion.clip_tokenizer(77).save(str(tmp_path / "tokenizer.json"))
    tokenizer = TextTokenizer(tmp_path / "tokenizer.json", "lower", None)
    assert [tokenizer.is_too_long(text) for text in ("a dog " * 37, "a dog " * 38)] == [False, True]


def test_a_tokenizer_that_is_missing_or_ends_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"has no tokenizer\.json and no tokenizer_config\.json"):
        conversion.own_tokenizer(tmp_path, 64)
    own_tokenizer(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    (tmp_path / "tokenizer.json").write_text(json.dumps({**content, "post_processor": None}), encoding="utf-8")
    with pytest.raises(ModelError, match="texts end in <eos>"):
        conversion.own_tokenizer(tmp_path, 64)


@pytest.mark.parametrize("resize", ["shortest", "squash"])
@pytest.mark.parametrize("size", [(301, 200), (200, 301), (64, 64), (50, 40), (97, 31)])
def test_pixels_are_those_of_open_clip(size: tuple[int, int], resize: str) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    transform = open_clip.image_transform(64, is_train=False, mean=(0, 0, 0), std=(1, 1, 1), resize_mode=resize)
    expected = (transform(image).numpy() * 255).round().astype(np.uint8)
    np.testing.assert_array_equal(encoder_pixels([image], 64, resize, "bicubic")[0], expected)  # type: ignore[arg-type]


def test_boxes_follow_the_part_that_is_seen() -> None:
    part = np.array([seen_part(400, 200, 50, "shortest")])  # the middle half
    boxes = np.array([[[0, 0, 1, 1], [0.25, 0.5, 0.5, 1], [0, 0, 0.2, 1]]])
    assert in_seen_part(boxes, part).tolist() == [[[0, 0, 1, 1], [0, 0.5, 0.5, 1], [0, 0, 0, 1]]]
