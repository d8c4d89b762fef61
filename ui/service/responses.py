"""What the service answers: the objects that ``--json`` prints, and more; its description is made of them."""

from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from engine.results.hits import Hit, RegionHit, SentenceHit
from engine.sharing import Lease
from index import CaptionRow, StoredPhoto
from index import PhotoText as StoredText
from ui.shared import results


def _decodable(text: str) -> str:
    """A text that JSON can carry: a file name of bytes that are no UTF-8 has others in their place."""
    return text.encode(errors="replace").decode()


Text = Annotated[str, BeforeValidator(_decodable)]
Box = Annotated[
    tuple[float, float, float, float], Field(description="Left, top, right, bottom in pixels of the upright photo.")
]


class LibraryState(BaseModel):
    """The state of the library that an answer is from."""

    generation: int = Field(description="Counts the states since the service began; it grows when the library changes.")
    photos: int
    sentences: int

    @classmethod
    def of(cls, lease: Lease) -> "LibraryState":
        """The state that is leased."""
        reader = lease.engine.reader
        return cls(generation=lease.generation, photos=reader.num_photos, sentences=reader.num_sentences)


class PhrasePart(BaseModel):
    """A phrase of the text and where it was found."""

    text: str
    box: Box
    score: float
    boxes: list[Box] = Field(description="One or more, of things that are several; `box` is the smallest around them.")


class WrittenText(BaseModel):
    """A text about a photo that has words of the question, and where they stand in it."""

    source: str = Field(description="exif, iptc, xmp, png, sidecar, place, photo, name, camera, or metadata.")
    field: str = Field(description="description, keyword, city, region, country, line, file, folder, or camera.")
    text: Text
    spans: list[tuple[int, int]] = Field(description="From and to a character of the text.")
    box: Box | None = Field(description="Where it stands in the photo, if it does.")


class PhotoText(BaseModel):
    """A text of a photo."""

    source: str
    field: str
    text: Text
    box: Box | None
    confidence: float | None


class PhotoHit(BaseModel):
    """A photo that was found, as ``engine search --json`` prints it, with its number."""

    photo_id: int | None
    path: Text
    score: float
    probability: float | None
    phrases: list[PhrasePart]
    caption: str | None
    written: list[WrittenText]
    copies: list[Text] = Field(description="Paths of the other photos with the same content, or the same pixels.")
    group: list[Text] = Field(description="Paths of photos that are almost the same picture, with `group`.")
    likely: bool = Field(
        description="Whether the probability reaches the model's own cut, whatever was asked for; "
        "where none is known, whether the photo stands out from the library."
    )


class RegionHitOut(BaseModel):
    """A region that was found, as ``engine search --regions --json`` prints it, with the number of its photo."""

    photo_id: int | None
    path: Text
    score: float
    box: Box
    phrase: str
    copies: list[Text] = Field(description="Paths of the other photos with the same content, or the same pixels.")


class SentenceHitOut(BaseModel):
    """A sentence of the library, as ``engine sentences --json`` prints it."""

    sentence: Text
    score: float
    probability: float | None
    generated: bool
    own: bool = Field(description="Whether it stands in the photo's file or beside it.")


class Answer(BaseModel):
    """What all answers have."""

    library: LibraryState
    warnings: list[Text] = Field(description="What a person should know about the question or the answer.")


class CorrectionOut(BaseModel):
    """A word of the question, and the word that it was read as."""

    written: Text
    meant: str


class SearchAnswer(Answer):
    """Photos, or regions where these were asked for, best first."""

    hits: list[PhotoHit | RegionHitOut]
    likely: bool = Field(
        description="Whether any of the photos is likely. Where none is, they are the closest, and `warnings` says so. "
        "Regions have no probability, and count as likely."
    )
    corrections: list[CorrectionOut] = Field(
        description="Words that were read as others; `exact` and quotes prevent it. Of regions, see `warnings`."
    )


class SimilarAnswer(Answer):
    """Photos, the most similar first."""

    hits: list[PhotoHit]


class SentencesAnswer(Answer):
    """Sentences, the best first."""

    hits: list[SentenceHitOut]


class Region(BaseModel):
    """A region of a photo: its box, and how sure the proposal is that it holds something, from 0 to 1."""

    box: Box
    objectness: float


class CaptionOut(BaseModel):
    """A sentence that a caption model wrote about the photo."""

    text: str
    log_probability: float


class PhotoAnswer(Answer):
    """What the library knows about a photo."""

    photo_id: int
    path: Text
    size: int = Field(description="Bytes of the file.")
    content_hash: str
    width: int
    height: int
    format: str
    taken_at: str | None = Field(
        description="By the camera's clock, in ISO 8601, no more of it than is known: `1958`, `1958-07`, "
        "`1958-07-14` or `1958-07-14T18:03:59`."
    )
    utc_offset_minutes: int | None
    camera: Text | None
    latitude: float | None
    longitude: float | None
    regions: list[Region]
    captions: list[CaptionOut]
    texts: list[PhotoText] = Field(description="What people wrote about it, where it was taken, and what it reads.")
    favourite: bool
    hidden: bool = Field(description="Whether searches leave it out.")
    rating: int = Field(description="Of the library, or else of the file; 0 without any, -1 where it was rejected.")
    label: Text = Field(description="The same; empty without any.")


class Health(BaseModel):
    """Whether questions are answered, and from what."""

    status: str
    model: str
    fingerprint: str
    library: LibraryState
    problem: str | None = Field(description="Why a newer state of the library could not be opened, or what is damaged.")
    answering: int
    waiting: int


def photo_hit(hit: Hit) -> PhotoHit:
    """A photo that was found."""
    return PhotoHit(photo_id=hit.photo_id, **results.hit_as_dict(hit))


def region_hit(hit: RegionHit) -> RegionHitOut:
    """A region that was found."""
    return RegionHitOut(photo_id=hit.photo_id, **results.region_as_dict(hit))


def sentence_hit(hit: SentenceHit) -> SentenceHitOut:
    """A sentence that was found."""
    return SentenceHitOut(**results.sentence_hit_as_dict(hit))


def photo_answer(lease: Lease, photo: StoredPhoto) -> PhotoAnswer:
    """All about a photo of the library."""
    reader = lease.engine.reader
    boxes, objectness = reader.boxes([photo.photo_id])[0].tolist(), reader.objectness([photo.photo_id])[0].tolist()
    captions: list[CaptionRow] = reader.captions([photo.photo_id])[0]
    scale = (photo.width, photo.height, photo.width, photo.height)
    regions = [
        Region(box=tuple(round(value * side, 1) for value, side in zip(box, scale, strict=True)), objectness=sure)
        for box, sure in zip(boxes, (round(value, 4) for value in objectness), strict=True)
    ]
    (marks,) = lease.engine.curation.marks(photo.photo_id)
    return PhotoAnswer(
        library=LibraryState.of(lease), warnings=lease.warnings, photo_id=photo.photo_id, path=photo.path,
        size=photo.size, content_hash=photo.content_hash, width=photo.width, height=photo.height, format=photo.format,
        taken_at=photo.taken, utc_offset_minutes=photo.utc_offset_minutes, camera=photo.camera,
        latitude=photo.latitude, longitude=photo.longitude, regions=regions,
        favourite=marks.favourite, hidden=marks.hidden, rating=marks.rating, label=marks.label,
        texts=[_text_of(text, photo) for text in reader.texts([photo.photo_id])[0]],
        captions=[CaptionOut(text=caption.text, log_probability=round(caption.log_probability, 4))
                  for caption in captions],
    )  # fmt: skip


def _text_of(text: StoredText, photo: StoredPhoto) -> PhotoText:
    box = None
    if text.box is not None:
        x0, y0, x1, y1 = text.box
        box = (x0 * photo.width, y0 * photo.height, x1 * photo.width, y1 * photo.height)
    return PhotoText(source=text.source, field=text.field, text=text.text, box=box, confidence=text.confidence)
