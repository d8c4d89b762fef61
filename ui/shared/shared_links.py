"""The addresses of shared albums, and what is said of them."""

import re
from datetime import UTC, datetime
from urllib.parse import urlsplit

from ui.shared.end_dates import end_as_text

_PATH = re.compile(r"(/[A-Za-z0-9._~-]+)*")
LOCAL = "http://localhost:8501"
"""Where `engine ui` serves its pages if nothing else is said."""


def base_address(text: str) -> str:
    """The address that pages are reached at, with the path that a proxy has for them.

    >>> base_address("https://photos.example.org/"), base_address("https://example.org/photos")
    ('https://photos.example.org', 'https://example.org/photos')

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(text.strip())
        fits = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and bool(_PATH.fullmatch(parts.path.rstrip("/")))
        )
        fits = fits and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{text!r} is no address of pages; write one such as https://photos.example.org.")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def link(base: str, token: str) -> str:
    """The address of a shared album."""
    return f"{base}/shared/{token}"


def until(ends_at: datetime) -> str:
    """Until when a link works, of a time in UTC without a zone."""
    return end_as_text(ends_at.replace(tzinfo=UTC))
