"""The albums of the library, each with its cover, to be changed and shared; and the saved searches."""

from contextlib import suppress
from urllib.parse import urlencode

import streamlit as st

from engine.errors import EngineError, PhotoError
from engine.library.curation import Album
from ui.shared import results
from ui.web import album_links, escaping, saved_searches
from ui.web.library import library, small
from ui.web.page_parts import draw_title
from ui.web.photo_changes import may_change
from ui.web.pictures import data_uri

BESIDE = 4  # albums of a row
_STYLE = """<style>
.vs-album { display: block; color: inherit !important; text-decoration: none !important; }
.vs-album img, .vs-album .vs-no-cover { display: block; width: 100%; aspect-ratio: 4 / 3;
  object-fit: cover; border-radius: 6px; background: rgb(128 128 128 / 18%); }
.vs-album b { display: block; padding-top: 0.3rem; overflow-wrap: anywhere; }
</style>"""


def draw() -> None:
    """The page of albums and saved searches."""
    draw_title("Albums")
    if not library().exists():
        st.info("There are no photos yet. Add a folder on the page **Library**.")
        return
    albums = library().curation.albums()
    if not albums:
        st.info(
            "There is no album yet. Choose photos on the page **Search** (space, or the circle on a photo) and "
            "add them to one."
        )
    links = library().curation.shared_links() if albums and may_change() else []
    covers = library().stored([album.cover_id for album in albums])
    st.html(_STYLE)
    for start in range(0, len(albums), BESIDE):
        for column, album in zip(st.columns(BESIDE), albums[start : start + BESIDE], strict=False):
            with column:
                cover = b""
                with suppress(PhotoError, KeyError):
                    cover = small(covers[album.cover_id])
                st.html(_card(album, cover))
                if may_change():
                    with st.container(horizontal=True):
                        _changed(album)
                        album_links.draw(album, [link for link in links if link.album == album.name])
    _saved()


def _card(album: Album, cover: bytes) -> str:
    count = results.counted_photos(album.photos)
    missing = f", {album.missing} missing" if album.missing else ""
    picture = f'<img alt="" src="{data_uri(cover)}">' if cover else '<span class="vs-no-cover"></span>'
    address = escaping.html("./?" + urlencode({"album": album.name}))
    about = "".join(f"<br>{escaping.html(line)}" for line in album.description.splitlines())
    return (
        f'<a class="vs-album" href="{address}">{picture}<b>{escaping.html(album.name)}</b></a>'
        f"<small>{count}{missing}{about}</small>"
    )


def _changed(album: Album) -> None:
    """Let somebody change an album."""
    with st.popover("Change", type="tertiary", key=f"change {album.name}"):
        name = st.text_input("Name", album.name, key=f"name of {album.name}")
        description = st.text_input("Description", album.description, key=f"description of {album.name}")
        left, right = st.columns(2)
        try:
            if left.button("Keep", key=f"keep {album.name}", icon=":material/check:"):
                with library().changing() as curation:
                    curation.change_album(album.name, new_name=name, description=description)
                st.rerun()
            if right.button("Delete", key=f"delete {album.name}", icon=":material/delete:", help="Its photos stay."):
                with library().changing() as curation:
                    curation.delete_album(album.name)
                st.rerun()
        except EngineError as error:
            st.error(escaping.markdown(str(error)))


def _saved() -> None:
    links = saved_searches.links()
    if not links:
        return
    st.header("Saved searches")
    for name, address in links:
        row = st.container(horizontal=True, vertical_alignment="center")
        row.html(f'<a href="{escaping.html(address)}">{escaping.html(name)}</a>', width="content")
        if not may_change() or not row.button("Delete", key=f"forget {name}", type="tertiary", help=f"Forget “{name}”"):
            continue
        try:
            with library().changing() as curation:
                curation.delete_search(name)
        except EngineError as error:
            st.error(escaping.markdown(str(error)))
        else:
            st.rerun()
