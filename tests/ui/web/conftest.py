"""Pages run by Streamlit's own test runner."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

Draw = Callable[..., AppTest]


@pytest.fixture
def draw(library: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Draw]:
    """Draws a page for a library with an address; a page that ends in an exception fails."""

    def run(page: Callable[[], None], of: Path = library, **address: str | list[str]) -> AppTest:
        monkeypatch.setenv("ENGINE_LIBRARY", str(of))
        test = AppTest.from_function(page, default_timeout=60)
        for name, value in address.items():
            test.query_params[name] = value
        test.run()
        assert not test.exception
        return test

    st.cache_resource.clear()
    st.cache_data.clear()
    yield run
    st.cache_resource.clear()
    st.cache_data.clear()
