"""What is asked of one photo: new sentences about it, and where the phrases of a sentence are in it."""

from pathlib import Path
from threading import Lock

from pydantic import BaseModel, Field

from engine.sharing import Lease
from ui.service.requests import AlignChoice, CaptionChoice
from ui.service.responses import Answer, Box, CaptionOut, LibraryState, PhrasePart
from ui.shared import results
from ui.shared.descriptions import description_as_dict

_loading = Lock()  # of the caption networks: once, however many ask first


class NewCaption(CaptionOut):
    """A sentence that a caption model writes."""

    probability: float = Field(description="Of exactly this sentence, among all; small even for a good one.")
    right: float | None = Field(description="How likely people would call it right in the main.")
    likely: bool | None = Field(description="Whether that is enough to show it to a person unasked.")


class NewRegionCaption(BaseModel):
    """What a caption model writes about a region."""

    box: Box
    text: str
    probability: float
    likely: bool | None = Field(description="Whether it is likely enough to be right to show it unasked.")


class SeenName(BaseModel):
    """What is surely seen."""

    text: str
    probability: float


class CaptionsAnswer(Answer):
    """New sentences about a photo, as ``engine caption --json`` prints them."""

    captions: list[NewCaption]
    regions: list[NewRegionCaption] = Field(description="Empty where regions were not asked for.")
    seen: list[SeenName] = Field(
        description="A scene and things that the photo surely shows; for when no caption is likely."
    )


class AlignAnswer(Answer):
    """The phrases of a sentence in a photo, as ``engine align --json`` prints them."""

    score: float
    probability: float | None
    phrases: list[PhrasePart]
    width: int = Field(description="Of the upright photo, in pixels.")
    height: int


def captions(lease: Lease, image: str | Path, asked: CaptionChoice) -> CaptionsAnswer:
    """New sentences about a photo.

    Raises:
        PhotoError: it cannot be read.
        ModelError: the caption model was made for another model than the library.
    """
    with _loading:
        lease.engine.describer()
    (written,) = lease.engine.caption(image, count=asked.count, regions=asked.regions)
    found = description_as_dict(written)
    return CaptionsAnswer(
        library=LibraryState.of(lease),
        warnings=lease.warnings,
        captions=found["captions"],
        regions=found["regions"],
        seen=found["seen"],
    )


def align(lease: Lease, image: str | Path, asked: AlignChoice) -> AlignAnswer:
    """Where the phrases of a sentence are in a photo.

    Raises:
        PhotoError: it cannot be read.
        QueryError: the sentence has no word that the model knows.
    """
    alignment = lease.engine.align(image, asked.sentence)
    found = results.alignment_as_dict(alignment)
    del found["path"]
    return AlignAnswer(
        library=LibraryState.of(lease), warnings=lease.warnings, width=alignment.width, height=alignment.height, **found
    )
