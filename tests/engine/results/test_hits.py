"""Hits as dictionaries, tables, pictures and HTML; as a list they are what they were."""

import html
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from engine.errors import EngineError, PhotoError
from engine.results.gallery import MOST_IN_HTML
from engine.results.hits import Answer, Hit, Hits, RegionHit, RegionHits, SentenceHit, SentenceHits
from engine.runtime.extras import extra_command
from engine.types import Correction, Phrase, Written


@pytest.fixture
def hit(photos: Path) -> Hit:
    phrase = Phrase("a <cat>", (10.0, 20.0, 200.0, 250.0), 0.5)
    written = Written("exif", "description", "a cat", ((2, 5),), (1.0, 2.0, 3.0, 4.0))
    return Hit(photos / "chelsea.png", 1.23456, (phrase,), 0.345, "it's a <b>cat</b>", likely=False, written=(written,))


def test_a_list_of_hits_is_a_list(hit: Hit) -> None:
    hits = Hits([hit, hit])
    assert hits == [hit, hit]
    assert isinstance(hits, list)
    assert hits[0] is hit
    assert isinstance(hits[:1], Hits)
    assert [*Hits()] == []


def test_dictionaries_go_through_json(hit: Hit) -> None:
    region = RegionHit(hit.path, (1.04, 2.0, 3.0, 4.0), 0.5, "a cat")
    sentence = SentenceHit("a cat", 0.5, 0.25, own=True)
    answer = Answer((hit,), False, 0.2, "Nothing.", ("Rare.",), (Correction("catt", "cat"),))
    for found in (Hits([hit]), RegionHits([region]), SentenceHits([sentence]), answer):
        assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert answer.to_dict()["hits"] == Hits([hit]).to_dict() == [hit.to_dict()]
    assert answer.to_dict()["corrections"] == [{"written": "catt", "meant": "cat"}]
    assert region.to_dict()["box"] == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("empty", [False, True])
def test_tables_have_a_column_for_each_key(empty: bool, hit: Hit) -> None:
    lists: list[Any] = [
        Hits([hit]),
        RegionHits([RegionHit(hit.path, (1.0, 2.0, 3.0, 4.0), 0.5, "a cat")]),
        SentenceHits([SentenceHit("a cat", 0.5)]),
    ]
    for found in lists:
        table = (found[:0] if empty else found).to_pandas()
        assert list(table.columns) == list(found[0].to_dict())
        assert len(table) == (0 if empty else 1)
    assert Answer((hit,), True, 0.0).to_pandas()["score"].tolist() == [1.2346]


def test_without_pandas_it_is_said_what_to_install(hit: Hit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(EngineError, match=re.escape(extra_command("pandas"))):
        Hits([hit]).to_pandas()


def test_a_hit_shows_its_photo_with_the_boxes(hit: Hit, photos: Path) -> None:
    shown = hit.show()
    with Image.open(photos / "chelsea.png") as photo:
        assert shown.width >= photo.width
        scale = shown.width / photo.width
    assert shown.getpixel((round(10 * scale), round(150 * scale))) == (0, 0x72, 0xB2)  # the left side of the box
    region = RegionHit(hit.path, hit.phrases[0].box, 0.5, "a cat")
    assert region.show().getpixel((round(10 * scale), round(150 * scale))) == (0, 0x72, 0xB2)


def test_a_sheet_shows_the_first_hits_and_grey_for_what_is_gone(hit: Hit, tmp_path: Path) -> None:
    gone = Hit(tmp_path / "gone.jpg", 0.5)
    sheet = Hits([hit, gone, hit, hit]).show()
    assert sheet.size == (1440, 960)
    assert sheet.getpixel((720, 200)) == (0xDD, 0xDD, 0xDD)
    assert Answer((hit,), True, 0.0).show().size == RegionHits().show().size == (480, 480)
    with pytest.raises(PhotoError, match="no such file"):
        gone.show()


def test_html_has_photo_boxes_score_and_probability_and_is_escaped(hit: Hit) -> None:
    shown = Hits([hit])._repr_html_()
    assert "data:image/jpeg;base64," in shown
    assert '<rect x="10.0" y="20.0" width="190.0" height="230.0"' in shown
    assert "1.235, 34 %, unlikely" in shown
    assert "chelsea.png" in shown
    assert "a &lt;cat&gt;" in shown
    assert "it&#x27;s a &lt;b&gt;cat&lt;/b&gt;" in shown
    assert not re.search(r"<(cat|b)>", shown)


def test_html_of_hostile_names_and_texts_can_be_written(tmp_path: Path) -> None:
    name = '"><script>alert(1)</script>\udcff.jpg'
    found: list[Any] = [
        Hits([Hit(tmp_path / name, 0.5, caption=name)]),
        RegionHits([RegionHit(tmp_path / name, (0.0, 0.0, 1.0, 1.0), 0.5, name)]),
        SentenceHits([SentenceHit(name, 0.5)]),
        Answer((), False, 0.0, name, (name,), (Correction(name, name),)),
    ]
    for one in [*found, found[0][0], found[1][0], found[2][0]]:
        shown = one._repr_html_()
        assert "<script" not in shown
        assert html.escape("<script>") in shown
        shown.encode("utf-8")


def test_html_says_why_a_photo_or_nothing_is_shown(tmp_path: Path) -> None:
    many = Hits([Hit(tmp_path / "gone.jpg", 0.5)] * (MOST_IN_HTML + 1))
    shown = many._repr_html_()
    assert shown.count("there is no such file") == MOST_IN_HTML
    assert f"The first {MOST_IN_HTML} of {MOST_IN_HTML + 1}." in shown
    assert "No photo was found." in Hits()._repr_html_()
    assert "No sentence was found." in SentenceHits()._repr_html_()
    assert "Nothing matches." in Answer((), False, 0.0, "Nothing matches.")._repr_html_()
