"""Albums, marks of photos and saved searches over HTTP; they are changed by whoever knows the token."""

from contextlib import AbstractContextManager
from typing import Annotated, Any

from fastapi import FastAPI, Query
from pydantic import BaseModel, Field

from engine.library.curation import Album, Curation, SavedSearch
from ui.service.asking import Service
from ui.service.errors import RefusedError, documented
from ui.service.requests import SearchParameters
from ui.service.responses import Text

MOST_PHOTOS = 1000

PhotoIds = Annotated[list[int], Query(max_length=MOST_PHOTOS, description="Photos, by number.")]


class AlbumOut(BaseModel):
    """An album."""

    name: str
    description: str
    created_at: str = Field(description="In UTC.")
    photos: int
    missing: int = Field(description="How many of them have no file at present.")
    cover: int | None = Field(description="The number of the photo that stands for it.")


class AlbumPhotoOut(BaseModel):
    """A photo of an album."""

    photo_id: int
    path: Text
    missing: bool


class AlbumAnswer(AlbumOut):
    """An album with its photos, as they were added."""

    members: list[AlbumPhotoOut]


class SavedOut(BaseModel):
    """A saved search."""

    name: str
    question: dict[str, Any] = Field(description="Parameters of `/search`.")
    created_at: str


class ChangedOut(BaseModel):
    """With how many photos something was to be done, and with how many it was; for the others it was so."""

    photos: int
    changed: int


class MarkChoice(BaseModel):
    """What is said of photos; what is not given stays as it is."""

    photo_id: list[int] = Field(min_length=1, max_length=MOST_PHOTOS, description="Photos, by number.")
    favourite: bool | None = None
    hidden: bool | None = Field(None, description="Whether searches leave them out.")
    rating: int | None = Field(None, ge=0, le=5, description="0 (none) to 5; it wins over that of the file.")
    label: str | None = Field(None, max_length=100, description="A word such as Red; empty for none.")
    from_file: bool = Field(False, description="Let the rating and the label of the file count again.")


class AlbumChange(BaseModel):
    """What of an album is to be another; what is not given stays as it is."""

    new_name: str | None = Field(None, max_length=1000, description="Another name.")
    description: str | None = Field(None, max_length=10_000, description="Another description; empty for none.")
    cover: int | None = Field(
        None, description="The number of the photo that stands for it; it becomes one of its photos."
    )


class ToSave(SearchParameters):
    """A question of `/search`, and the name to keep it under."""

    name: str = Field(max_length=1000, description="The name; any letters, up to 200.")
    replace: bool = Field(False, description="Take the place of a saved search of that name.")

    @property
    def question(self) -> dict[str, Any]:
        """What was asked, and nothing that was not."""
        return self.model_dump(by_alias=True, exclude_unset=True, exclude={"name", "replace"})


def add(app: FastAPI, service: Service, *, allowed: bool) -> None:
    """Add the addresses; nothing is changed where no token is asked for."""

    def kept() -> Curation:
        return Curation(service.shared.folder)

    def changing() -> AbstractContextManager[Curation]:
        if not allowed:
            raise RefusedError(
                403,
                "Changing albums and marks over HTTP needs a token: start the service with ENGINE_SERVE_TOKEN, or use "
                "engine album and engine mark.",
            )
        return service.shared.curating()

    def album(name: str) -> AlbumAnswer:
        curation = kept()
        members = [
            AlbumPhotoOut(photo_id=photo.photo_id, path=photo.path, missing=photo.missing_since is not None)
            for photo in curation.album_photos(name)
        ]
        return AlbumAnswer(**_album(curation, name).model_dump(), members=members)

    # Not `async`: threads of their own answer, which wait for the disk and not for those that compute.
    @app.get("/albums", responses=documented(), summary="The albums of the library")
    def albums() -> list[AlbumOut]:
        return [_out(one) for one in kept().albums()]

    @app.post("/albums", status_code=201, responses=documented(409), summary="Make an empty album")
    def create(
        name: Annotated[str, Query(max_length=1000)], description: Annotated[str, Query(max_length=10_000)] = ""
    ) -> AlbumOut:
        with changing() as curation:
            curation.create_album(name, description)
        return _album(kept(), name)

    @app.get("/albums/{name:path}", responses=documented(404), summary="An album and its photos")
    def shown(name: str) -> AlbumAnswer:
        return album(name)

    @app.post("/albums/{name:path}", responses=documented(404), summary="Put photos into an album, and take some out")
    def change(name: str, add: PhotoIds = [], remove: PhotoIds = []) -> ChangedOut:  # noqa: B006
        with changing() as curation:
            if not (add or remove):
                raise RefusedError(422, "add: name photos to be added, or to be removed.")
            changed = [curation.add_to_album(name, add)] if add else []
            changed += [curation.remove_from_album(name, remove)] if remove else []
        return ChangedOut(photos=sum(one.photos for one in changed), changed=sum(one.changed for one in changed))

    @app.patch("/albums/{name:path}", responses=documented(404, 409), summary="Another name, description or cover")
    def rename(name: str, asked: Annotated[AlbumChange, Query()]) -> AlbumOut:
        with changing() as curation:
            if not asked.model_fields_set:
                raise RefusedError(422, "new_name: say what should be another: new_name, description or cover.")
            curation.change_album(name, **asked.model_dump())
        return _album(kept(), name if asked.new_name is None else asked.new_name)

    @app.delete("/albums/{name:path}", responses=documented(404), summary="Remove an album; its photos stay")
    def delete(name: str) -> AlbumOut:
        with changing() as curation:
            gone = _album(curation, name)
            curation.delete_album(name)
        return gone

    @app.post("/marks", responses=documented(404), summary="Mark photos: favourites, ratings, labels, hidden ones")
    def mark(asked: Annotated[MarkChoice, Query()]) -> ChangedOut:
        with changing() as curation:
            changed = curation.mark(asked.photo_id, **asked.model_dump(exclude={"photo_id"}))
        return ChangedOut(photos=changed.photos, changed=changed.changed)

    @app.get("/saved", responses=documented(), summary="The saved searches of the library")
    def saved() -> list[SavedOut]:
        return [_saved(one) for one in kept().saved_searches()]

    @app.post("/saved", status_code=201, responses=documented(404, 409), summary="Save a question of /search")
    def save(asked: Annotated[ToSave, Query()]) -> SavedOut:
        with changing() as curation:
            if not asked.question:
                raise RefusedError(422, "q: nothing is asked; give the parameters of /search beside the name.")
            if asked.like:
                curation.numbers(asked.like)  # refused where there is no such photo
            curation.save_search(asked.name, asked.question, replace=asked.replace)
        return _saved(kept().saved_search(asked.name))

    @app.delete("/saved/{name:path}", responses=documented(404), summary="Forget a saved search")
    def forget(name: str) -> SavedOut:
        with changing() as curation:
            gone = _saved(curation.saved_search(name))
            curation.delete_search(name)
        return gone


def _album(curation: Curation, name: str) -> AlbumOut:
    return _out(curation.album(name))


def _saved(saved: SavedSearch) -> SavedOut:
    return SavedOut(name=saved.name, question=saved.question, created_at=saved.created_at)


def _out(album: Album) -> AlbumOut:
    return AlbumOut(
        name=album.name, description=album.description, created_at=album.created_at.isoformat(), photos=album.photos,
        missing=album.missing, cover=album.cover_id,
    )  # fmt: skip
