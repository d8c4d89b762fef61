"""Prints of which only the year or the month is known, on every face: found by it, never shown as more."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from metadata_blocks import iptc, xmp
from older import take_back
from PIL import ExifTags, Image
from sent_to_components import sent_to
from typer.testing import Result

from index import DatePrecision, read_photos
from ui.shared.dates import date_as_text

Cli = Callable[..., Result]
TAGS = ExifTags.Base
TAKEN = {
    "exif-year": "1958",
    "exif-month": "1958-07",
    "xmp-month": "1958-07",
    "iptc-month": "1958-07",
    "whole": "1958-09-14T18:03:59",
    "day": "1959-02-03",
}


@pytest.fixture(scope="module")
def prints(cli: Cli, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of scanned prints."""
    folder = tmp_path_factory.mktemp("prints")
    random = np.random.default_rng(0)
    blocks: dict[str, dict[str, Any]] = {
        "exif-year": {"original": "1958"},
        "exif-month": {"original": "1958:07:00 00:00:00"},
        "xmp-month": {"xmp": xmp('photoshop:DateCreated="1958-07" xmp:CreateDate="2014-03-02T10:00:00"')},
        "iptc-month": {"extra": iptc((55, b"19580700"))},
        "whole": {"original": "1958:09:14 18:03:59"},
        "day": {"original": "1959:02:03"},
    }
    for name, options in blocks.items():
        exif = Image.Exif()
        exif[TAGS.DateTime] = "2014:03:02 10:00:00"
        exif.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeDigitized] = "2014:03:02 10:00:00"
        if original := options.pop("original", None):
            exif.get_ifd(ExifTags.IFD.Exif)[TAGS.DateTimeOriginal] = original
        image = Image.fromarray(random.integers(0, 256, (48, 64, 3), np.uint8))
        image.save(folder / f"{name}.jpg", exif=exif, **options)
    library = tmp_path_factory.mktemp("library") / "prints"
    assert cli("index", folder, library=library).exit_code == 0
    return library


@pytest.fixture
def own_prints(prints: Path, tmp_path: Path) -> Path:
    """A copy that a test may change, as a library of an older version has it: the stamp is another one."""
    copy = shutil.copytree(prints, tmp_path / "own prints")
    with closing(sqlite3.connect(copy / "library.sqlite3")) as connection, connection:
        connection.execute("UPDATE photos SET metadata_stamp = '2'")
    return copy


def taken_in(library: Path) -> dict[str, str | None]:
    return {Path(photo.path).stem: photo.taken for photo in read_photos(library)}


def test_the_catalogue_keeps_no_more_than_is_known(prints: Path) -> None:
    assert taken_in(prints) == TAKEN


MONTHS = ("exif-month", "iptc-month", "xmp-month")
FILTERS = [
    (["--after", "1958", "--before", "1959"], ["exif-year", *MONTHS, "whole"]),
    (["--after", "1958-03", "--before", "1958-12"], ["exif-year", *MONTHS, "whole"]),
    (["--after", "1958-07-20", "--before", "1958-07-21"], ["exif-year", *MONTHS]),
    (["--before", "1958-07"], ["exif-year"]),
    (["--after", "1959-02-03T12:00+02:00"], ["day"]),
]


@pytest.mark.parametrize(("options", "names"), FILTERS, ids=lambda value: " ".join(value))
def test_a_filter_passes_what_may_have_been_taken_then(
    options: list[str], names: list[str], prints: Path, cli: Cli
) -> None:
    found = cli("search", "a dog", "--min-probability", "0", "-n", "9", *options, "--format", "{path}", library=prints)
    assert sorted(Path(line).stem for line in found.stdout.splitlines()) == sorted(names)


def test_the_service_says_as_much_as_is_known_and_filters_by_it(prints: Path) -> None:
    testclient = pytest.importorskip("fastapi.testclient", reason="the extra 'serve' has it")
    from engine.sharing import SharedEngine
    from ui.service.app import create_app

    app = create_app(SharedEngine(prints, device="cpu"), threads=2, queue=4)
    with testclient.TestClient(app, base_url="http://localhost") as client:
        told = [client.get(f"/photo/{number}").json() for number in range(1, len(TAKEN) + 1)]
        assert {Path(photo["path"]).stem: photo["taken_at"] for photo in told} == TAKEN
        asked = {"q": "a dog", "min_probability": 0, "after": "1958-11", "before": "1958-12"}
        (hit,) = client.get("/search", params=asked).json()["hits"]
        assert Path(hit["path"]).stem == "exif-year"


def browse_page() -> None:
    from ui.web.views import browse

    browse.draw()


def photo_page() -> None:
    from ui.web.views import photo

    photo.draw()


def test_the_page_shows_years_and_months_as_such(prints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    streamlit = pytest.importorskip("streamlit", reason="the extra 'web' has it")
    from streamlit.testing.v1 import AppTest

    monkeypatch.setenv("ENGINE_LIBRARY", str(prints))
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()
    for photo in read_photos(prints)[:3]:
        test = AppTest.from_function(photo_page, default_timeout=60)
        test.query_params["photo"] = str(photo.photo_id)
        test.run()
        assert not test.exception
        shown = {"1958": "1958", "1958-07": "July 1958", "1958-09-14T18:03:59": "1958-09-14 18:03"}
        taken = shown.get(str(photo.taken), str(photo.taken))
        assert f"taken: {taken}<br>" in "".join(element.body for element in test.get("html"))
    test = AppTest.from_function(browse_page, default_timeout=60)
    test.query_params["by"] = "date"
    test.run()
    assert not test.exception
    (timeline,) = sent_to(test, "timeline")
    assert [(one["name"], one["photos"]) for year in timeline["years"] for one in year["columns"]] == [
        ("February 1959", 1),
        ("September 1958", 1),
        ("July 1958", 3),
        ("Some time in 1958", 1),
    ]
    streamlit.cache_resource.clear()
    streamlit.cache_data.clear()


def test_an_export_says_it_and_an_import_keeps_it(prints: Path, tmp_path: Path, cli: Cli) -> None:
    assert cli("export", tmp_path / "export", "--vectors", library=prints).exit_code == 0
    lines = [json.loads(line) for line in (tmp_path / "export" / "photos.jsonl").read_text("utf-8").splitlines()]
    assert {Path(line["path"]).stem: line["taken_at"] for line in lines} == TAKEN
    assert cli("import", tmp_path / "export", library=tmp_path / "copy").exit_code == 0
    assert taken_in(tmp_path / "copy") == TAKEN


def test_an_older_library_reads_its_metadata_again_without_embedding(own_prints: Path, cli: Cli) -> None:
    before = {path: path.read_bytes() for path in own_prints.rglob("*.f16")}
    take_back(own_prints, "0005")
    assert taken_in(own_prints)["exif-year"] == "1958-01-01T00:00:00"  # what that version kept
    done = cli("index", library=own_prints)
    assert f"{len(TAKEN)} unchanged" in done.stdout
    assert taken_in(own_prints) == TAKEN
    assert {path: path.read_bytes() for path in own_prints.rglob("*.f16")} == before


@pytest.mark.parametrize(
    ("precision", "text"),
    [("year", "1958"), ("month", "July 1958"), ("day", "1958-07-14"), ("time", "1958-07-14 18:03")],
)
def test_a_date_as_a_person_reads_it(precision: DatePrecision, text: str) -> None:
    assert date_as_text(datetime(1958, 7, 14, 18, 3, 59), precision) == text
