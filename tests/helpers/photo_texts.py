"""What a photo says, as tests ask for it."""

from pathlib import Path

from engine.photos.describing import read_described
from engine.photos.metadata import Metadata
from engine.photos.sidecars import Sidecars


def said(metadata: Metadata) -> tuple[str, ...]:
    """The texts alone."""
    return tuple(text.text for text in metadata.texts)


def described(photo: Path) -> Metadata:
    """What a photo and the files beside it say, without remarks."""
    metadata, remarks = read_described(str(photo), Sidecars())
    assert remarks == ()
    return metadata
