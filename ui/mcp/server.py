"""The server: its tools, how they are described, and what an assistant is told when one fails."""

import asyncio
import json
import os
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server.mcpserver import Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field, ValidationError

from engine.errors import EngineError, PhotoError, QueryError
from engine.types import Warn
from ui.mcp.library import AskedLibrary
from ui.shared import filter_syntax
from ui.shared.photo_errors import without_content
from ui.shared.results import printable

if TYPE_CHECKING:
    from index import PhotoFilter

MOST_RESULTS = 100
MOST_LETTERS = 2000
MOST_TEXTS = 10
MOST_BOXES = 20
SMALL, LARGE = 320, 1024  # pixels of the longest side
REFRESH_S = 5.0

INSTRUCTIONS = """\
A library of photos on this machine, to be searched by what can be seen in them and by what is written about them.
Ask search_photos in plain English, such as "two dogs in the snow"; each phrase of the question comes back with the box
where it was found. Boxes are [left, top, right, bottom] in pixels of the upright photo. A hit that is not "likely" is
only among the closest. Look at a photo with look_at_photo before you say what it shows: descriptions of models err."""

Sentence = Annotated[str, Field(max_length=MOST_LETTERS)]
Text = Annotated[str, Field(max_length=MOST_LETTERS, description="What should be seen, in English: a dog in the snow.")]
Also = Annotated[list[Sentence], Field(max_length=MOST_TEXTS, description="What should be seen besides.")]
Without = Annotated[list[Sentence], Field(max_length=MOST_TEXTS, description="What should not be seen.")]
Limit = Annotated[int, Field(ge=1, le=MOST_RESULTS, description="How many results at most.")]
Photo = Annotated[int | str, Field(description="A photo of the library: its photo_id or its path, as hits have them.")]
After = Annotated[str | None, Field(description="Taken then or later: 2019, 2019-05 or 2019-05-01.")]
Before = Annotated[str | None, Field(description="Taken earlier.")]
Near = Annotated[str | None, Field(description="Taken near a latitude and a longitude: 48.85,2.35; with `within`.")]
Within = Annotated[str | None, Field(description="20km, 500m, 3mi.")]
Folder = Annotated[str | None, Field(max_length=4096, description="In or below a folder: a name, a glob or a path.")]
InAlbum = Annotated[str | None, Field(max_length=MOST_LETTERS, description="In an album, as list_albums names it.")]
Side = Annotated[int, Field(ge=32, le=LARGE, description="Pixels of the longest side, at most.")]
Boxes = Annotated[
    list[tuple[float, float, float, float]],
    Field(max_length=MOST_BOXES, description="Boxes to draw, such as that of a region that was found."),
]

READS = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False)


class LibraryServer(MCPServer[None]):
    """Says in one sentence why a tool has no answer."""

    def __init__(self, library: AskedLibrary, warn: Warn) -> None:
        @asynccontextmanager
        async def lifespan(_: MCPServer[None]) -> AsyncIterator[None]:
            following = asyncio.create_task(_follow(library, warn))
            yield None
            following.cancel()
            await asyncio.to_thread(library.close)

        super().__init__(
            "visual-semantic-engine", title="Photo library", instructions=INSTRUCTIONS,
            version=version("visual-semantic-engine"), lifespan=lifespan,
        )  # fmt: skip
        self._warn = warn

    async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
        """What a tool answers."""
        try:
            return await super().call_tool(name, arguments, context)
        except ToolError as error:
            raise ToolError(printable(self._sentence(error))) from None

    def _sentence(self, error: ToolError) -> str:
        cause = error.__cause__
        if isinstance(cause, PhotoError):
            return f"{without_content(cause).rstrip('.')}."
        if isinstance(cause, EngineError):
            return str(cause)
        if isinstance(cause, ValidationError):
            first = cause.errors()[0]
            reason = str(first["msg"]).removeprefix("Value error, ").rstrip(".")
            return f"{'.'.join(map(str, first['loc'])) or 'The arguments'}: {reason[:1].lower() + reason[1:]}."
        if cause is None:
            return f"{str(error).rstrip('.')}."
        if os.environ.get("ENGINE_DEBUG"):
            traceback.print_exception(cause)
        self._warn(f"A mistake of ours: {type(cause).__name__}: {cause}")
        return f"This should not happen ({type(cause).__name__}); what happened is in the server's log."


def create_server(library: AskedLibrary, warn: Warn) -> MCPServer[None]:
    """A server with tools that ask a library."""
    server = LibraryServer(library, warn)
    _add_searches(server, library)
    _add_photos(server, library)
    return server


def _add_searches(server: MCPServer[None], library: AskedLibrary) -> None:
    tool = partial(server.tool, annotations=READS)

    @tool(title="Search photos")
    def search_photos(
        text: Text, also: Also = [], without: Without = [], limit: Limit = 10, after: After = None,  # noqa: B006
        before: Before = None, near: Near = None, within: Within = None, folder: Folder = None,
        album: InAlbum = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Photos that show what a text says, best first, with the box of each phrase and a probability."""
        from ui.mcp import answers

        asked = answers.Asked(
            text, tuple(also), tuple(without), _where(after, before, near, within, folder, album), limit
        )
        return library.ask(lambda lease: answers.photos(lease, asked))

    @tool(title="Search regions of photos")
    def search_regions(
        text: Text, limit: Limit = 10, after: After = None, before: Before = None, near: Near = None,
        within: Within = None, folder: Folder = None, album: InAlbum = None,
    ) -> dict[str, Any]:  # fmt: skip
        """Parts of photos that show what a text says: a box each, several of one photo where they do not overlap."""
        from ui.mcp import answers

        asked = answers.Asked(text, where=_where(after, before, near, within, folder, album), limit=limit)
        return library.ask(lambda lease: answers.regions(lease, asked))

    @tool(title="Find similar photos")
    def find_similar(photo: Photo, limit: Limit = 10) -> dict[str, Any]:
        """Photos of the library that look like one of them, the most similar first."""
        from ui.mcp import answers

        return library.ask(lambda lease: answers.similar(lease, photo, limit))

    @tool(title="Albums")
    def list_albums() -> dict[str, Any]:
        """The albums that people made of the library's photos: their names, and how many photos each has."""
        return library.albums()

    @tool(title="What the library holds")
    def library_status() -> dict[str, Any]:
        """How many photos and sentences the library holds, which model made it, and the folders of its photos."""
        return library.status()


def _add_photos(server: MCPServer[None], library: AskedLibrary) -> None:
    tool = partial(server.tool, annotations=READS)

    @tool(title="Look at a photo", structured_output=False)
    def look_at_photo(
        photo: Photo, side: Side = SMALL, text: Sentence | None = None, boxes: Boxes = [],  # noqa: B006
    ) -> CallToolResult:  # fmt: skip
        """A photo as a picture. The phrases of `text` are drawn in boxes where they were found, and so are `boxes`."""
        from ui.mcp import answers

        return library.ask(lambda lease: _shown(*answers.picture(lease, photo, side, text, boxes)))

    @tool(title="Describe a photo")
    def describe_photo(photo: Photo, regions: bool = False) -> dict[str, Any]:
        """What a photo shows, as far as it is likely, what is written about it, when and where it was taken.

        `seen` names what is surely in it. With `regions` parts of it are described too.
        """
        from ui.mcp import answers

        return library.ask(lambda lease: answers.description(lease, photo, regions=regions))

    @tool(title="Sentences of a photo")
    def sentences_of_photo(photo: Photo, limit: Limit = 10) -> dict[str, Any]:
        """The photo's own descriptions, then the sentences of the library that describe it best."""
        from ui.mcp import answers

        return library.ask(lambda lease: answers.sentences(lease, photo, limit))


def _shown(jpeg: bytes, about: dict[str, Any]) -> CallToolResult:
    picture = Image(data=jpeg, format="jpeg").to_image_content()
    return CallToolResult(content=[picture, TextContent(type="text", text=json.dumps(about, ensure_ascii=False))])


def _where(
    after: str | None, before: str | None, near: str | None, within: str | None, folder: str | None, album: str | None
) -> "PhotoFilter":
    """The filter.

    Raises:
        QueryError: a part cannot be read, and what to write instead.
    """
    if (near is None) != (within is None):
        raise QueryError("near and within belong together; give both.")
    try:
        return filter_syntax.photo_filter(
            None if after is None else filter_syntax.moment(after),
            None if before is None else filter_syntax.moment(before),
            None,
            None if near is None else filter_syntax.place(near),
            None if within is None else filter_syntax.kilometres(within),
            folder,
            None,
            None,
            filter_syntax.Kept(() if album is None else (album,)),
        )
    except ValueError as error:
        raise QueryError(str(error)) from error


async def _follow(library: AskedLibrary, warn: Warn) -> None:
    """Move on when the library changes and nobody asks."""
    while True:
        await asyncio.sleep(REFRESH_S)
        try:
            await asyncio.to_thread(library.refresh)
        except EngineError as error:
            warn(str(error))
