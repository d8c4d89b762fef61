"""Names that people give: how they are kept, when two are the same, and which one was meant."""

import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches

from index.catalogue.folder_names import as_seen
from index.errors import CollectionError, UnknownNameError

MOST_NAME = 200
MOST_DESCRIPTION = 10_000
MOST_LABEL = 100


def kept_name(name: str, what: str = "name", most: int = MOST_NAME) -> str:
    """A name without white space around it, its accents composed. Raises CollectionError.

    >>> kept_name("  Zu\\u0308rich ") == "Z\\u00fcrich"
    True
    """
    kept = unicodedata.normalize("NFC", name).strip()
    if not kept:
        raise CollectionError(f"The {what} {name!r} is empty; write one of 1 to {most} characters.")
    return kept_text(kept, what, most)


def kept_text(text: str, what: str, most: int) -> str:
    """A text as it is kept, which may be empty. Raises CollectionError."""
    if len(text) > most:
        raise CollectionError(f"The {what} has {len(text)} characters; write at most {most}.")
    wrong = next((sign for sign in text if unicodedata.category(sign) in ("Cc", "Cs") and sign != "\n"), None)
    if wrong is not None or (most < MOST_DESCRIPTION and "\n" in text):
        raise CollectionError(f"The {what} {text!r} holds a sign that cannot be shown; leave it out.")
    return text


def key_of(name: str) -> str:
    """The form in which names that people see as one are equal.

    >>> key_of(" Summer") == key_of("SUMMER")
    True
    """
    return as_seen(name.strip())


def unknown(kind: str, name: str, names: Iterable[str]) -> UnknownNameError:
    """The error for a name that is not there: it says the nearest one, or what there is."""
    known = {key_of(one): one for one in names}
    close = get_close_matches(key_of(name), known, n=1, cutoff=0.5)
    advice = f"did you mean {known[close[0]]!r}?" if close else f"there is no {kind} at all." if not known else (
        f"there are {', '.join(map(repr, sorted(known.values())[:5]))}{', and others' if len(known) > 5 else ''}."
    )  # fmt: skip
    return UnknownNameError(f"There is no {kind} {name!r}; {advice}")
