"""Searches with names: the address of the page as a question that every face asks, and the other way round."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from engine.errors import EngineError, NameTakenError
from ui.shared.filter_syntax import folder_glob, moment, rating
from ui.web import escaping
from ui.web.library import library
from ui.web.photo_changes import may_change

_LISTS = ("also", "not")
_NAMES = ("album", "label")
_FLAGS = ("exact", "group", "favourites")
_AS_THEY_ARE = {name: name for name in ("q", "camera", "near", "after", "hidden")} | {"shape": "orientation"}


def question_of(address: Mapping[str, list[str]]) -> dict[str, Any]:
    """What the parameters of the page's address ask for, as the service's `/search` takes it.

    >>> question_of({"q": ["a dog"], "until": ["2019-12-31"], "rating": ["3"], "cut": ["30"], "album": ["Rome"]})
    {'q': 'a dog', 'album': ['Rome'], 'before': '2020-01-01', 'rating': '3..', 'min_probability': 0.3}
    """
    one = {name: values[-1] for name, values in address.items() if values and values[-1]}
    asked: dict[str, Any] = {to: one[name] for name, to in _AS_THEY_ARE.items() if name in one}
    asked |= {name: list(address[name]) for name in _LISTS if name in one}
    asked |= {name: True for name in _FLAGS if one.get(name) == "true"}
    asked |= {name: [one[name]] for name in _NAMES if name in one}
    if "like" in one:
        asked["like"] = [int(number) for number in one["like"].split(",")]
    if "near" in one:
        asked["within"] = f"{one.get('km', '20')}km"
    if "folder" in one:
        asked["folder"] = folder_glob(one["folder"])
    if "until" in one:
        asked["before"] = (date.fromisoformat(one["until"]) + timedelta(days=1)).isoformat()
    if one.get("rating", "0") != "0":
        asked["rating"] = f"{one['rating']}.."
    if one.get("find") == "regions":
        asked["regions"] = True
    if "cut" in one:
        asked["min_probability"] = int(one["cut"]) / 100
    return asked


def address_of(question: Mapping[str, Any]) -> str:
    """The address of the page that asks a question, as far as the page can: other parts of it are left out.

    >>> address_of({"q": "a dog", "before": "2020-01-01", "rating": "3..", "min_probability": 0.3, "album": ["Rome"]})
    './?q=a+dog&album=Rome&until=2019-12-31&rating=3&cut=30'
    """
    asked = {name: question[of] for name, of in _AS_THEY_ARE.items() if of in question}
    if "after" in asked:
        asked["after"] = moment(asked["after"]).date().isoformat()
    asked |= {name: question[name] for name in (*_LISTS, "folder") if name in question}
    asked |= {name: "true" for name in _FLAGS if question.get(name)}
    asked |= {name: question[name][0] for name in _NAMES if question.get(name)}
    if question.get("like"):
        asked["like"] = ",".join(map(str, question["like"]))
    if "within" in question:
        asked["km"] = question["within"].removesuffix("km")
    if "before" in question:
        asked["until"] = (moment(question["before"]).date() - timedelta(days=1)).isoformat()
    if "rating" in question:
        asked["rating"] = max(0, rating(question["rating"])[0])
    if question.get("regions"):
        asked["find"] = "regions"
    if "min_probability" in question:
        asked["cut"] = round(100 * question["min_probability"])
    return "./?" + urlencode(asked, doseq=True)


def links() -> list[tuple[str, str]]:
    """The names of the saved searches, each with the address that asks it; without those that cannot be read."""
    found = []
    for saved in library().curation.saved_searches():
        try:
            found.append((saved.name, address_of(saved.question)))
        except (ValueError, TypeError, AttributeError):  # written by hand, or by a later version
            continue
    return found


def draw_button() -> None:
    """A button that keeps what the address asks for under a name."""
    if not may_change():
        return
    with (
        st.popover("Save", icon=":material/bookmark_add:", type="tertiary", help="Save this search"),
        st.form("save-search", border=False),
    ):
        name = st.text_input("Name of the search", key="search-name")
        replace = st.checkbox("Replace one of this name", key="search-replaces")
        if not st.form_submit_button("Save", icon=":material/bookmark_add:"):
            return
        address = {name: st.query_params.get_all(name) for name in st.query_params}
        try:
            with library().changing() as curation:
                curation.save_search(name, question_of(address), replace=replace)
        except NameTakenError:
            st.error(escaping.markdown(f"There is a search {name!r} already; choose another name, or replace it."))
        except (EngineError, ValueError) as error:
            st.error(escaping.markdown(str(error)))
        else:
            st.success("Saved. It stands on the page that is shown without a question, and under Albums.")
