"""Photos and folders as a command line names them: paths, and addresses of objects in storage."""

from pathlib import Path

import typer

from engine.errors import PhotoPathError
from engine.photos import location


def photo_path(text: str) -> Path:
    """A path, or an address such as ``s3://photos/2024``, as a person has written it.

    Raises:
        typer.BadParameter: it is an address that cannot be used.
    """
    try:
        return location.photo_path(text)
    except PhotoPathError as error:
        raise typer.BadParameter(str(error)) from error
