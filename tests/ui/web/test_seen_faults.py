"""What people met on the pages once, and shall not again: each kind of it."""

import sqlite3
from pathlib import Path
from threading import Event

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from ui.shared.indexing import IndexingJob


def app_of(library: Path, monkeypatch: pytest.MonkeyPatch, **address: str) -> AppTest:
    """The pages as Streamlit runs them, at an address."""
    import ui.web

    monkeypatch.setenv("ENGINE_LIBRARY", str(library))
    st.cache_resource.clear()
    test = AppTest.from_file(str(Path(ui.web.__file__).with_name("app.py")), default_timeout=60)
    for name, value in address.items():
        test.query_params[name] = value
    test.run()
    assert not test.exception
    return test


def told(test: AppTest) -> list[str]:
    return [caption.value for caption in test.caption if caption.value.startswith(":material/info:")]


def test_a_warning_is_told_once_and_none_about_upkeep() -> None:
    def page() -> None:
        from ui.web.library import show_warnings

        show_warnings(["The word 'zyzzyva' is unknown.", "The FAISS file covered 342 of 374 photo records; …"])
        show_warnings(["The word 'zyzzyva' is unknown."])

    test = AppTest.from_function(page).run()
    assert told(test) == [":material/info: The word 'zyzzyva' is unknown\\."]
    assert not test.get("toast")


def test_another_question_tells_its_warning_again(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    test = app_of(library, monkeypatch, q="a zyzzyva", exact="true")
    first = told(test)
    assert len(first) == 1
    assert "zyzzyva" in first[0]
    assert told(test.run()) == first


def test_the_slider_follows_the_question_until_it_is_moved(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine import Engine

    cuts = iter([0.0049, 0.06, 0.06, 0.03])
    monkeypatch.setattr(Engine, "default_cut", lambda _self, _question: next(cuts))
    test = app_of(library, monkeypatch, q="a cat")
    assert test.slider(key="cut").value == 1  # and not 0, which lets every photo in
    test.text_input(key="q").set_value("a cat on grass").run()
    assert test.slider(key="cut").value == 6
    test.slider(key="cut").set_value(30).run()
    test.text_input(key="q").set_value("a dog").run()
    assert test.slider(key="cut").value == 30


def test_a_run_cannot_be_begun_during_a_run(own_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    going_on = Event()
    monkeypatch.setattr(IndexingJob, "_run", lambda *_: going_on.wait(60))
    app_of(own_library, monkeypatch)
    from ui.web.library import library as opened

    def page() -> None:
        from ui.web.views import library

        library.draw()

    assert opened().job.start(opened().beside(), None)
    shown = AppTest.from_function(page, default_timeout=60).run()
    buttons = {button.label: button.disabled for button in shown.button}
    assert buttons["Add and index"]
    assert buttons["Look at all folders again"]
    assert not opened().job.start(opened().beside(), None)
    going_on.set()
    opened().job.wait()


def test_sizes_of_small_files_are_no_zeros(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENGINE_LIBRARY", str(library))

    def page() -> None:
        from ui.web.views import library, photo

        library.draw()
        photo.draw()

    test = AppTest.from_function(page, default_timeout=60)
    test.query_params["photo"] = "1"
    test.run()
    assert not test.exception
    texts = [caption.value for caption in test.caption] + [html.body for html in test.get("html")]
    assert any(" kB" in text for text in texts)
    assert not any("0.0 MB" in text for text in texts)


def test_a_library_of_an_earlier_model_is_embedded_again_where_it_is_said(
    own_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.web.library import library

    with sqlite3.connect(own_library / "library.sqlite3") as connection:
        connection.execute("UPDATE builds SET fingerprint = ?", ["f" * 64])
    connection.close()
    (own_library / "library.seal").unlink()  # of the catalogue as it was
    (vectors,) = (own_library / "vectors").iterdir()
    vectors.rename(vectors.with_name(f"1-{'f' * 16}"))
    test = app_of(own_library, monkeypatch)
    assert "made by an earlier model" in test.error[0].value
    (button,) = (button for button in test.button if button.label == "Embed all photos again")
    button.click().run()
    library().job.wait()
    assert library().job.report is not None
    assert (library().job.report.added, library().job.report.embedded_again) == (0, 8)
    assert not test.run().error
