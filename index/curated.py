"""What people keep in a library beside its photos: albums, what they say of photos, and saved searches."""

from dataclasses import dataclass
from datetime import datetime, timedelta

LONGEST_SHARED = timedelta(days=3660)
"""How long a link to an album may work: ten years."""


@dataclass(frozen=True, slots=True)
class Album:
    """An album with the photos it holds, of which `missing` have no file at present.

    `cover_id` is the photo that stands for it: the one that was chosen, else the first whose file is there.
    """

    name: str
    description: str
    created_at: datetime
    photos: int
    missing: int
    cover_id: int | None


@dataclass(frozen=True, slots=True)
class PhotoMarks:
    """What a person says of a photo in the library, beside what its file says; None where nothing is said.

    >>> PhotoMarks(own_rating=0, file_rating=4).rating, PhotoMarks(file_label="Red").label
    (0, 'Red')
    """

    favourite: bool = False
    hidden: bool = False
    own_rating: int | None = None
    own_label: str | None = None
    file_rating: int | None = None
    file_label: str | None = None

    @property
    def rating(self) -> int:
        """From 0, which is none, to 5: a person's own wins over the file's, which may be -1 for rejected."""
        return next((rating for rating in (self.own_rating, self.file_rating) if rating is not None), 0)

    @property
    def label(self) -> str:
        """The label, empty where there is none; a person's own wins too."""
        return next((label for label in (self.own_label, self.file_label) if label is not None), "")


@dataclass(frozen=True, slots=True)
class MarkChange:
    """What is to be said of photos; None leaves it as it is.

    `from_file` takes back a rating and a label, so that those of the file count again.
    """

    favourite: bool | None = None
    hidden: bool | None = None
    rating: int | None = None
    label: str | None = None
    from_file: bool = False


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A question with a name: a JSON object of what was asked, as the service's `/search` takes it."""

    name: str
    question: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SharedLink:
    """A link that shows an album to whoever has it, from when until when (UTC), perhaps with the files themselves."""

    number: int
    album: str
    created_at: datetime
    ends_at: datetime
    originals: bool
