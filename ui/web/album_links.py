"""Links that show an album to others, made and ended on the page of the albums."""

from collections.abc import Sequence
from datetime import date, timedelta
from urllib.parse import urlsplit

import streamlit as st

from engine.errors import EngineError
from engine.library.curation import Album
from index import SharedLink
from index.curated import LONGEST_SHARED
from ui.shared import end_dates, shared_links
from ui.web import escaping
from ui.web.base_path import below
from ui.web.library import library

DAYS = 7  # that a link works if nothing else is chosen
LOCAL = ("localhost", "127.0.0.1", "::1")


def draw(album: Album, links: Sequence[SharedLink]) -> None:
    """Let somebody make a link to an album, and end those there are."""
    made = f"link to {album.name}"
    with st.popover("Share", type="tertiary", key=f"share {album.name}"):
        today = date.today()
        last = st.date_input(
            "The link works until", today + timedelta(DAYS), min_value=today,
            max_value=today + LONGEST_SHARED - timedelta(1), key=f"end of {album.name}",
        )  # fmt: skip
        originals = st.checkbox(
            "Files may be downloaded", key=f"originals of {album.name}",
            help="As they are, with place and camera. The pictures that the page shows have neither.",
        )  # fmt: skip
        try:
            if st.button("Make a link", key=f"link {album.name}", icon=":material/link:"):
                with library().changing() as curation:
                    token = curation.share_album(album.name, end_dates.end(last.isoformat()), originals=originals)
                st.session_state[made] = shared_links.link(_base(), token)
                st.rerun()
            if made in st.session_state:
                _show(st.session_state[made])
            for link in links:
                left, right = st.columns([3, 1], vertical_alignment="center")
                left.caption(f"Until {shared_links.until(link.ends_at)}{', files too' if link.originals else ''}")
                if right.button("End", key=f"end link {link.number}", help="The link shows nothing from then on."):
                    with library().changing() as curation:
                        curation.unshare_album(album.name, link.number)
                    st.session_state.pop(made, None)
                    st.rerun()
        except (EngineError, ValueError) as error:
            st.error(escaping.markdown(str(error)))


def _show(address: str) -> None:
    st.code(address, language=None, wrap_lines=True)
    st.caption("Copy it now: it is kept nowhere. Whoever has it sees this album, and nothing else, without a password.")
    if urlsplit(address).hostname in LOCAL:
        st.caption(
            "These pages are served to this machine alone. For others, serve them with `engine ui --public` or "
            "`--host-name`, and put that name in the place of this one."
        )


def _base() -> str:
    """The address that this browser knows the pages by."""
    parts = urlsplit(st.context.url or shared_links.LOCAL)
    return f"{parts.scheme}://{parts.netloc}{below('')}"
