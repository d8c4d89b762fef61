"""What Streamlit runs: the pages and their menu."""

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from engine.errors import EngineError, WrongModelError
from ui.web import components, escaping, pictures, theme
from ui.web.library import TOLD
from ui.web.library import library as library_of_pages
from ui.web.password import is_public, may_enter


def _page(view: str) -> Callable[[], None]:
    """A page, whose module is imported when it is first opened."""
    return lambda: import_module(f"ui.web.views.{view}").draw()


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config("Photo search", "🔎", layout="wide")
    entered = may_enter()
    page = st.navigation(  # before the password too, or the page that was asked for would be forgotten
        [
            st.Page(_page("search"), title="Search", icon=":material/search:", url_path="search", default=True),
            st.Page(_page("look_up"), title="Look up", icon=":material/photo_camera:", url_path="look-up"),
            st.Page(_page("browse"), title="Browse", icon=":material/photo_library:", url_path="browse"),
            st.Page(_page("albums"), title="Albums", icon=":material/photo_album:", url_path="albums"),
            st.Page(_page("library"), title="Library", icon=":material/database:", url_path="library"),
            st.Page(_page("photo"), title="Photo", icon=":material/image:", url_path="photo", visibility="hidden"),
        ],
        position="sidebar" if entered else "hidden",
    )
    if not entered:
        return
    st.session_state.pop(TOLD, None)
    st.html(pictures.STYLE + theme.STYLE)
    try:
        page.run()
        components.draw("keys", "keys")
        if problem := library_of_pages().problem:
            st.warning(escaping.markdown(problem))
    except EngineError as error:
        st.error(escaping.markdown(str(error)), icon=":material/error:")
        if isinstance(error, WrongModelError) and not is_public():
            _offer_to_embed_again()


def _offer_to_embed_again() -> None:
    """Let somebody do what the message says, beside it; the page Library shows how far it is."""
    job = library_of_pages().job
    if st.button("Embed all photos again", icon=":material/refresh:", disabled=job.running):
        job.start(library_of_pages().beside(), None)
        st.rerun()
    if job.running:
        st.info("The photos are being embedded again; the page **Library** shows how far it is.")


main()
