"""The components of the pages: plain modules and style sheets in ``frontend/``, sent as they are."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.components.v2.get_bidi_component_manager import get_bidi_component_manager
from streamlit.components.v2.manifest_scanner import ComponentConfig, ComponentManifest

_PACKAGE = "photos"
_NAMES = ("gallery", "keys", "map", "cards", "timeline")


def draw(name: str, key: str, sent: Mapping[str, object] | None = None, **callbacks: Callable[[], None]) -> None:
    """Draw the component whose module is ``NAME.js``, beside which lies ``NAME.css``, with what it is ``sent``.

    It goes as one text: of lists and dictionaries in it Streamlit would ask whether they are data frames, and import
    pandas for that, which is half a second of the first page.
    """
    manager = get_bidi_component_manager()
    if manager.get_component_asset_root(f"{_PACKAGE}.{name}") is None:
        # Streamlit looks for components in the pyproject.toml of packages, and wheels of ours have none.
        components = [ComponentConfig(one, asset_dir="frontend") for one in _NAMES]
        manager.register_from_manifest(ComponentManifest(_PACKAGE, "1", components), Path(__file__).parent)
    _declared(name, id(manager))(key=key, data=None if sent is None else {"text": json.dumps(sent)}, **callbacks)


@cache
def _declared(name: str, _manager: int) -> Callable[..., Any]:
    return st.components.v2.component(
        f"{_PACKAGE}.{name}", js=f"{name}.js", css=f"{name}.css" if name != "keys" else None, isolate_styles=False
    )
