"""What a page in Streamlit's test runner sent to the components of ours."""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from streamlit.testing.v1 import AppTest


def sent_to(test: "AppTest", component: str) -> list[dict[str, Any]]:
    """What each component of a name was sent."""
    protos = [element.proto for element in test.get("bidi_component")]
    own = [proto.json for proto in protos if proto.component_name.endswith(f".{component}")]
    return [json.loads(json.loads(sent)["text"]) for sent in own]


def gallery_of(test: "AppTest") -> dict[str, Any]:
    """What the gallery of a page was sent; a page without one has no photos."""
    return [{"photos": [], "count": "", "phrases": []}, *sent_to(test, "gallery")][-1]
