"""Who may see the pages: whoever sits at this machine, or, where they are public, whoever knows the password."""

import hmac
import os

import streamlit as st

from ui.web import PASSWORD, PUBLIC


def is_public() -> bool:
    """Whether other machines can open the pages."""
    return bool(os.environ.get(PUBLIC))


def may_enter() -> bool:
    """Whether this session gave the password, or none is needed; asks for it."""
    if not is_public() or st.session_state.get("entered"):
        return True
    wanted = os.environ.get(PASSWORD, "")
    st.title("Photo search")
    given = st.text_input("Password", type="password", autocomplete="current-password")
    if wanted and given and hmac.compare_digest(given.encode(), wanted.encode()):
        st.session_state["entered"] = True
        st.rerun()
    if given:
        st.error("This is not the password.")
    return False
