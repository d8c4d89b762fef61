"""A choice among groups of photos, with the number of photos in each, that the address of the page keeps."""

from collections.abc import Mapping

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.shared.results import printable


def chosen(
    where: DeltaGenerator, label: str, counts: Mapping[str, int], key: str, *, required: bool = False
) -> str | None:
    """Let the user choose a name; None where none is chosen. Where one is ``required`` it is the first at first.

    Streamlit's own ``bind`` would put the number into the address too, which then leads nowhere once photos are added.
    """
    names = list(counts)
    first = names[0] if required else None
    asked, seen = st.query_params.get(key), f"{key}-in-address"
    found = next((name for name in names if printable(name) == asked), first)
    if st.session_state.get(seen) != asked or st.session_state.get(key) not in names:  # an address was opened
        st.session_state[key] = found
    name = where.selectbox(
        label, names, index=0 if required else None, key=key,
        format_func=lambda name: f"{printable(name)} ({counts.get(name, 0)})",
    )  # fmt: skip
    kept = None if name in (None, first) else printable(name)
    if kept is None:
        st.query_params.pop(key, None)
    elif kept != asked:
        st.query_params[key] = kept
    st.session_state[seen] = kept
    return name
