"""The parameters of a question, with the names and the spelling of the options of the command line."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from engine.types import Basis
from index import Copies, Generated, PhotoFilter, SearchParams
from index.choices import Hidden, Orientation
from ui.shared import filter_syntax

MOST_RESULTS = 1000
MOST_LETTERS = 2000
MOST_TEXTS = 20
DEFAULT_BEAM = 7  # of the search for captions: it finds no more sentences
MOST_LETTERS_IN_ALL = 4000  # of the texts of one question, each of which is embedded: 1.5 to 5 seconds of a busy core


def _that_reads(read: Callable[[str], Any]) -> AfterValidator:
    """Refuse a text that cannot be read; it stays as it was written."""

    def check(text: str) -> str:
        read(text)
        return text

    return AfterValidator(check)


Words = Annotated[str, Field(max_length=MOST_LETTERS), _that_reads(filter_syntax.searched)]
Texts = Annotated[list[Words], Field(max_length=MOST_TEXTS)]
Names = Annotated[list[Annotated[str, Field(max_length=MOST_LETTERS)]], Field(max_length=MOST_TEXTS)]
Date = Annotated[str, _that_reads(filter_syntax.moment)]


class Filters(BaseModel):
    """Which photos may be found, how many, and which count as one."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    limit: int = Field(10, ge=1, le=MOST_RESULTS, description="How many results at most.")
    copies: Copies = Field("one", description="Photos of the same content: one hit names all, or all are hits.")
    group: bool = Field(False, description="Join photos that are almost the same picture, or of one burst.")
    after: Date | None = Field(
        None, examples=["2019-05"], description="Taken then or later: 2019, 2019-05-01 or 2019-05-01T12:00+02:00."
    )
    before: Date | None = Field(None, examples=["2030"], description="Taken earlier.")
    camera: str | None = Field(None, max_length=MOST_LETTERS, description="Part of the camera's name, in any case.")
    near: Annotated[str, _that_reads(filter_syntax.place)] | None = Field(
        None, examples=["48.85,2.35"], description="Taken near a latitude and a longitude: 48.85,2.35; with `within`."
    )
    within: Annotated[str, _that_reads(filter_syntax.kilometres)] | None = Field(
        None, examples=["20km"], description="20km, 500m, 3mi."
    )
    folder: Annotated[str, _that_reads(filter_syntax.folder_glob)] | None = Field(
        None, examples=["*"], description="In or below a folder: 2019-*, or a path of the service's machine."
    )
    orientation: Orientation | None = Field(None, description="Of the upright photo.")
    min_size: Annotated[str, _that_reads(filter_syntax.size)] | None = Field(
        None, examples=["4MP"], description="2000x1500, or 4MP."
    )
    album: Names = Field([], description="In any of some albums, by name.")
    favourites: bool = Field(False, description="Only favourites.")
    rating: Annotated[str, _that_reads(filter_syntax.rating)] | None = Field(
        None, examples=["..5"], description="3, 3.., ..2 or 2..4, of the library or else of the file; 0 is none."
    )
    label: Names = Field([], description="With any of some labels, in any case.")
    hidden: Hidden = Field("exclude", description="Photos that a person has hidden.")

    @model_validator(mode="after")
    def _place_and_distance(self) -> "Filters":
        if (self.near is None) != (self.within is None):
            raise ValueError("near and within belong together; give both.")
        return self

    @property
    def params(self) -> SearchParams:
        """How to search."""
        return SearchParams(copies=self.copies)

    @property
    def where(self) -> PhotoFilter:
        """The filter."""
        return filter_syntax.photo_filter(
            None if self.after is None else filter_syntax.moment(self.after),
            None if self.before is None else filter_syntax.moment(self.before),
            self.camera,
            None if self.near is None else filter_syntax.place(self.near),
            None if self.within is None else filter_syntax.kilometres(self.within),
            self.folder,
            self.orientation,
            None if self.min_size is None else filter_syntax.size(self.min_size),
            filter_syntax.Kept(
                tuple(self.album),
                self.favourites,
                None if self.rating is None else filter_syntax.rating(self.rating),
                tuple(self.label),
                self.hidden,
            ),
        )


class SearchParameters(Filters):
    """What should be seen, what not, and in which photos."""

    q: Words | None = Field(
        None, examples=["a dog in the snow"], description="What should be seen. '0.5:red' counts half."
    )
    also: Texts = Field([], description="What should be seen besides.")
    without: Texts = Field([], alias="not", description="What should not be seen; counts half unless '1:people'.")
    like: list[int] = Field([], max_length=MOST_TEXTS, description="Photos the answers should look like, by number.")
    like_box: Annotated[str, _that_reads(filter_syntax.box)] | None = Field(
        None, description="What alone counts of the one photo in `like`: left,top,right,bottom in pixels."
    )
    min_probability: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Leave out what is less likely; 0 shows all. By default the model's own cut, or the closest photos "
        "where none reaches it.",
    )
    generated: Generated = Field("include", description="Whether captions of a model count.")
    basis: Basis = Field(
        "both", description="Find by what is `seen`, by what is `written` about photos, or by both. Words in quotation "
        "marks must be written."
    )  # fmt: skip
    exact: bool = Field(False, description="Take words as they are written; correct no spelling.")
    regions: bool = Field(False, description="Find regions; neither probabilities nor captions count.")

    @property
    def num_letters(self) -> int:
        """Of all its texts."""
        return sum(map(len, (self.q or "", *self.also, *self.without)))

    @model_validator(mode="after")
    def _texts_are_answered_soon(self) -> "SearchParameters":
        if self.num_letters > MOST_LETTERS_IN_ALL:
            raise ValueError(
                f"the texts have {self.num_letters} characters together; send at most {MOST_LETTERS_IN_ALL}."
            )
        return self

    @model_validator(mode="after")
    def _photos_are_grouped(self) -> "SearchParameters":
        if self.group and self.regions:
            raise ValueError("photos are grouped, not regions; leave out group or regions.")
        return self


class Named(BaseModel):
    """A photo of the library, by its number or by its path."""

    photo_id: int | None = Field(None, examples=[1], description="The number of a photo.")
    path: str | None = Field(None, max_length=4096, description="Its path, as hits have it.")

    @model_validator(mode="after")
    def _one_of_both(self) -> "Named":
        if (self.photo_id is None) == (self.path is None):
            raise ValueError("name one photo, with photo_id or with path; POST takes a photo from outside the library.")
        return self


class SimilarParameters(Named, Filters):
    """Photos like one of the library."""


class SentenceChoice(BaseModel):
    """Which sentences, and how many."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(10, ge=1, le=MOST_RESULTS, description="How many sentences at most.")
    generated: Generated = Field("include", description="Whether sentences count that a caption model wrote.")
    others: bool = Field(
        False, description="Whether what stands in the files of other photos, and beside them, counts."
    )


class SentencesParameters(Named, SentenceChoice):
    """Sentences about a photo of the library."""


class CaptionChoice(BaseModel):
    """How many new sentences, and whether about regions too."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(1, ge=1, le=DEFAULT_BEAM, description="How many sentences, best first.")
    regions: bool = Field(False, description="Describe the regions of the photo too.")


class CaptionsParameters(Named, CaptionChoice):
    """New sentences about a photo of the library."""


class AlignChoice(BaseModel):
    """A sentence to be found in a photo."""

    model_config = ConfigDict(extra="forbid")

    sentence: str = Field(max_length=MOST_LETTERS, examples=["a dog in the snow"], description="A sentence about it.")


class AlignParameters(Named, AlignChoice):
    """A sentence to be found in a photo of the library."""
