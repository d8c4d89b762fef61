"""Text of photos, sentences and paths that Streamlit shows as it is: neither Markdown nor HTML in it counts."""

import re
from html import escape

from ui.shared.results import harmless, printable

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&])")


def markdown(text: str) -> str:
    r"""Text where Streamlit takes Markdown.

    >>> markdown("*a* [b](c) :red[d]")
    '\\*a\\* \\[b\\]\\(c\\) \\:red\\[d\\]'
    """
    return _MARKDOWN.sub(r"\\\1", printable(text))


def html(text: str) -> str:
    """Text inside HTML, in an attribute too.

    >>> html('<b title="x">')
    '&lt;b title=&quot;x&quot;&gt;'
    """
    return escape(harmless(text))
