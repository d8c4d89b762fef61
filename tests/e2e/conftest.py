"""What tests of whole commands ask of their answers."""

import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from pages_in_browser import ARGUMENTS, CHROMIUM, LOCAL, PATIENCE_S, served
from typer.testing import Result

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="session")
def found_by(cli: Callable[..., Result]) -> Callable[..., list[str]]:
    """Every photo that a search of a library finds."""

    def found(library: Path, *options: str | Path) -> list[str]:
        result = cli("search", "a photo", "--min-probability", "0", "--json", "-n", "1000", *options, library=library)
        assert result.exit_code == 0, result.stderr
        return [hit["path"] for hit in json.loads(result.stdout)]

    return found


@pytest.fixture(scope="session")
def require_refused() -> Callable[..., None]:
    """Status 1, no result, and a message without a traceback that holds some words."""

    def check(result: Result, *words: str) -> None:
        assert (result.exit_code, result.stdout) == (1, ""), result.stderr
        assert "should not happen" not in result.stderr
        for word in words:
            assert word in result.stderr

    return check


@pytest.fixture(scope="module")
def server(library: Path) -> Iterator[str]:
    """The address of the pages of a library."""
    with served(library) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A page of a session of its own, which asks no other machine for anything."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(1000 * PATIENCE_S)
    elsewhere: list[str] = []
    context.on(
        "request",
        lambda request: elsewhere.append(request.url) if not request.url.startswith(LOCAL) else None,
    )
    yield context.new_page()
    context.close()
    assert not elsewhere, "the page asked for something from outside this machine"


@pytest.fixture(scope="module")
def axe() -> str:
    """The script that looks for what keeps people out."""
    found = find_spec("axe_playwright_python")
    if found is None or not found.submodule_search_locations:
        pytest.skip("axe-playwright-python is not installed (the extra 'dev' has it)")
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text(encoding="utf-8")
