"""The addresses of shared albums, and what is said of them."""

from datetime import UTC, datetime
from urllib.parse import urlsplit

from ui.shared.end_dates import end_as_text

LOCAL = "http://localhost:8501"
"""Where `engine ui` serves its pages if nothing else is said."""


def base_address(text: str) -> str:
    """The address that pages are reached at, of which nothing stands behind the name.

    >>> base_address("https://photos.example.org/")
    'https://photos.example.org'

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(text.strip())
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.path in ("", "/")
        fits = fits and not (parts.query or parts.fragment or "@" in parts.netloc)
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{text!r} is no address of pages; write one such as https://photos.example.org.")
    return f"{parts.scheme}://{parts.netloc}"


def link(base: str, token: str) -> str:
    """The address of a shared album."""
    return f"{base}/shared/{token}"


def until(ends_at: datetime) -> str:
    """Until when a link works, of a time in UTC without a zone."""
    return end_as_text(ends_at.replace(tzinfo=UTC))
