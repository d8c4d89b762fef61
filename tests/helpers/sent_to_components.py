"""What a page in Streamlit's test runner sent to the components of ours."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest


def sent_to(test: "AppTest", component: str) -> list[dict[str, Any]]:
    """What each component of a name was sent; it comes in a list, see `components.draw`."""
    protos = [element.proto for element in test.get("bidi_component")]
    return [json.loads(one.json)[0] for one in protos if one.component_name.endswith(f".{component}")]


def gallery_of(test: "AppTest") -> dict[str, Any]:
    """What the gallery of a page was sent; a page without one has no photos."""
    return [{"photos": [], "count": "", "phrases": []}, *sent_to(test, "gallery")][-1]
