"""Lines that stand in a picture are read, with their place; where there are none, none are."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from engine.errors import ModelError
from engine.reading import networks
from engine.reading.text_reader import TextReader
from engine.runtime.extras import extra_command

pytest.importorskip("rapidocr", reason="rapidocr is not installed (the extra 'ocr' has it)")
matplotlib = pytest.importorskip("matplotlib", reason="matplotlib, which carries the fonts, is not installed")

FONT = str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))


def written(*lines: str, size: tuple[int, int] = (800, 600), height: int = 48) -> Image.Image:
    """Lines on grey, each in the middle of a stripe of its own."""
    image = Image.new("RGB", size, (120, 130, 140))
    font = ImageFont.truetype(FONT, height)
    for row, line in enumerate(lines):
        middle = size[0] / 2, size[1] * (row + 0.5) / len(lines)
        ImageDraw.Draw(image).text(middle, line, "white", font, anchor="mm")
    return image


@pytest.fixture(scope="module")
def reader() -> Iterator[TextReader]:
    """A reader that cannot reach anything over a network."""

    def refused(*_: object) -> None:
        raise AssertionError("reading text must not use a network")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", refused)
        yield TextReader()


def test_lines_are_read_from_the_top_with_their_place(reader: TextReader, capfd: pytest.CaptureFixture[str]) -> None:
    image = written("Bahnhofstraße 12", "OPEN DAILY")
    assert reader.glance(image)
    first, second = reader.read(image)
    assert (first.text, second.text) == ("Bahnhofstraße 12", "OPEN DAILY")
    for line, middle in ((first, 0.25), (second, 0.75)):
        assert (line.source, line.field) == ("photo", "line")
        assert line.confidence is not None
        assert 0.8 <= line.confidence <= 1
        assert line.box is not None
        x0, y0, x1, y1 = line.box
        assert (x0 + x1) / 2 == pytest.approx(0.5, abs=0.02)
        assert (y0 + y1) / 2 == pytest.approx(middle, abs=0.02)
        assert 0.06 < y1 - y0 < 0.16
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_text_on_its_side_or_head_is_read(reader: TextReader, angle: int) -> None:
    turned = written("WELCOME").rotate(angle, expand=True)
    assert [line.text for line in reader.read(turned)] == ["WELCOME"]


def test_small_letters_of_a_large_page_are_read(reader: TextReader) -> None:
    page = written("Please return the signed copy by the end of October", size=(2480, 3508), height=38)
    assert [line.text for line in reader.read(page)] == ["Please return the signed copy by the end of October"]


def test_where_nothing_is_written_nothing_is_read(reader: TextReader) -> None:
    rows, columns = np.mgrid[0:480, 0:640]
    sky = Image.fromarray(np.stack([rows / 4, columns / 4, 200 + 0 * rows], axis=2).astype(np.uint8))
    assert not reader.glance(sky)
    assert reader.read(sky) == []
    assert reader.read(written("7", height=200)) == []  # a single letter or digit is more often none


@pytest.mark.parametrize("size", [(1, 1), (3000, 20), (20, 3000)])
def test_any_shape_can_be_looked_at(reader: TextReader, size: tuple[int, int]) -> None:
    assert not reader.glance(Image.new("RGB", size, "grey"))
    assert reader.read(Image.new("RGB", size, "grey")) == []


def test_its_name_says_which_networks_read(reader: TextReader) -> None:
    assert reader.name.startswith("rapidocr ")
    assert networks.DETECTOR in reader.name
    assert networks.RECOGNISER in reader.name


def test_without_the_package_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(networks, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match=re.escape(extra_command("ocr"))):
        TextReader()
