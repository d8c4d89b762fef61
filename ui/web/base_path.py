"""The path that the pages stand below in a browser, where a proxy has one and takes it away: ``/photos``, or none."""

import os

from ui.web import BASE


def below(path: str) -> str:
    """The address of a path of ours, as a browser asks for it."""
    return os.environ.get(BASE, "") + path
