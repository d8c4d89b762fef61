"""What Streamlit runs: the pages and their menu."""

import streamlit as st

from engine.errors import EngineError
from ui.web import escaping, pictures, theme
from ui.web.components import component
from ui.web.library import library as library_of_pages
from ui.web.password import may_enter
from ui.web.views import browse, library, look_up, photo, search


def main() -> None:
    """Draw the page that the address names."""
    st.set_page_config("Photo search", "🔎", layout="wide")
    entered = may_enter()
    page = st.navigation(  # before the password too, or the page that was asked for would be forgotten
        [
            st.Page(search.draw, title="Search", icon=":material/search:", url_path="search", default=True),
            st.Page(look_up.draw, title="Look up", icon=":material/photo_camera:", url_path="look-up"),
            st.Page(browse.draw, title="Browse", icon=":material/photo_library:", url_path="browse"),
            st.Page(library.draw, title="Library", icon=":material/database:", url_path="library"),
            st.Page(photo.draw, title="Photo", icon=":material/image:", url_path="photo", visibility="hidden"),
        ],
        position="sidebar" if entered else "hidden",
    )
    if not entered:
        return
    st.html(pictures.STYLE + theme.STYLE)
    try:
        page.run()
        component("keys")(key="keys")
        if problem := library_of_pages().problem:
            st.warning(escaping.markdown(problem))
    except EngineError as error:
        st.error(escaping.markdown(str(error)), icon=":material/error:")


main()
