"""``engine mcp`` as a process, asked by the official client over its stdin and stdout."""

import base64
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp", reason="the package mcp is not installed (the extra 'mcp' has it)")

from anyio.from_thread import start_blocking_portal
from mcp import StdioServerParameters
from mcp.client import Client
from mcp.client.stdio import stdio_client
from PIL import Image

from index import LibraryWriter, Move

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "from ui.cli.main import run; run()"
TOOLS = {
    "search_photos", "search_regions", "look_at_photo", "describe_photo", "find_similar", "sentences_of_photo",
    "library_status", "list_albums",
}  # fmt: skip

Call = Callable[..., Any]


@contextmanager
def connected(library: Path, log: Path, mode: str = "legacy") -> Iterator[tuple[Client, Any]]:
    """A client of a process of its own, and the portal to call it through."""
    environment = {name: value for name, value in os.environ.items() if name.startswith("ENGINE_")}
    server = StdioServerParameters(
        command=sys.executable,
        args=["-c", PROGRAM, "mcp", "--library", str(library), "--device", "cpu"],
        env={**environment, "PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
    )
    with log.open("w") as errors, start_blocking_portal() as portal:
        client = Client(stdio_client(server, errlog=errors), mode=mode)
        with portal.wrap_async_context_manager(client):
            yield client, portal


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mcp") / "log"


@pytest.fixture(scope="module")
def call(library: Path, log: Path) -> Iterator[Call]:
    """Calls a tool, and gives what it answers."""
    with connected(library, log) as (client, portal):

        def called(name: str, **arguments: Any) -> Any:
            return portal.call(client.call_tool, name, arguments)

        yield called


def answer(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content
    found: dict[str, Any] = result.structured_content
    assert json.loads(result.content[0].text) == found
    return found


def refusal(result: Any) -> str:
    assert result.is_error
    (content,) = result.content
    text: str = content.text
    assert "\n" not in text
    assert "Traceback" not in text
    assert text.endswith(".")
    return text


def number_of(call: Call, photos: Path, name: str) -> int:
    hits = answer(call("search_photos", text="a photo", limit=50))["hits"]
    return next(hit["photo_id"] for hit in hits if hit["path"] == str(photos / name))


def test_the_tools_are_described_before_anything_is_loaded(library: Path, tmp_path: Path) -> None:
    began = time.monotonic()
    with connected(library, tmp_path / "log") as (client, portal):
        tools = portal.call(client.list_tools).tools
        took = time.monotonic() - began
        assert answer(portal.call(client.call_tool, "library_status", {}))["photos"] == 8
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.description
        assert tool.annotations.read_only_hint
        assert all(parameter.get("description") for name, parameter in tool.input_schema["properties"].items()
                   if name not in ("text", "regions")), tool.name  # fmt: skip
    assert took < 15  # of a busy machine; two or three seconds of an idle one
    assert (tmp_path / "log").read_text() == ""


def test_a_client_of_the_newest_protocol_is_understood(library: Path, tmp_path: Path) -> None:
    with connected(library, tmp_path / "log", mode="auto") as (client, portal):
        assert answer(portal.call(client.call_tool, "library_status", {}))["sentences"] == 10


def test_search_finds_what_the_command_prints(call: Call, cli: Call, library: Path) -> None:
    found = answer(call("search_photos", text="a cat"))
    printed = json.loads(cli("search", "a cat", "--json", library=library).stdout)
    assert [{name: value for name, value in hit.items() if name != "photo_id"} for hit in found["hits"]] == printed
    assert (found["likely"], found["warnings"]) == (True, [])
    regions = answer(call("search_regions", text="a flower", limit=3))["hits"]
    assert regions[0]["path"].endswith("flower.jpg")
    assert len(regions[0]["box"]) == 4


def test_filters_and_unwanted_texts_count(call: Call, photos: Path) -> None:
    nothing = answer(call("search_photos", text="a cat", after="2090"))
    assert nothing["hits"] == []
    assert nothing["warnings"][0].startswith("No photo passes the filter: of 8 photos,")
    folder = answer(call("search_photos", text="a cat", folder=str(photos)))
    assert folder["hits"]
    both = [
        answer(call("search_photos", text="a photo", limit=20, **more))["hits"] for more in ({}, {"without": ["a cat"]})
    ]
    assert [hit["path"] for hit in both[0]] != [hit["path"] for hit in both[1]]


def test_a_photo_is_shown_small_and_with_boxes(call: Call, photos: Path) -> None:
    number = number_of(call, photos, "coffee.png")
    for asked, size in (({}, (320, 213)), ({"side": 100}, (100, 67))):
        picture, about = call("look_at_photo", photo=number, **asked).content
        assert (picture.type, picture.mime_type) == ("image", "image/jpeg")
        with Image.open(io.BytesIO(base64.b64decode(picture.data))) as shown:
            assert (shown.format, shown.size) == ("JPEG", size)
        assert json.loads(about.text)["path"] == str(photos / "coffee.png")
    by_path = call("look_at_photo", photo=str(photos / "coffee.png"), text="a cup on a table", boxes=[[1, 1, 90, 90]])
    picture, about = by_path.content
    phrases = json.loads(about.text)["phrases"]
    assert phrases
    assert all(0 <= phrase["box"][0] < phrase["box"][2] <= 600 for phrase in phrases)
    with Image.open(io.BytesIO(base64.b64decode(picture.data))) as drawn:
        assert drawn.width == 640  # as wide as labels need
        assert drawn.height > 640 * 2 // 3


def test_what_is_said_about_a_photo(call: Call, cli: Call, photos: Path, library: Path) -> None:
    path = photos / "coffee.png"
    number = number_of(call, photos, "coffee.png")
    described = answer(call("describe_photo", photo=number, regions=True))
    (printed,) = json.loads(cli("caption", path, "--regions", "--json", library=library).stdout)
    for name in ("captions", "regions"):  # an assistant gets what is likely to be right
        printed[name] = [row for row in printed[name] if row["likely"] is not False]
    assert {name: described[name] for name in printed} == printed
    assert described["width"] == 600
    sentences = answer(call("sentences_of_photo", photo=number, limit=3))["hits"]
    assert sentences == json.loads(cli("sentences", path, "-n", "3", "--json", library=library).stdout)
    similar = answer(call("find_similar", photo=str(number), limit=3))["hits"]
    assert [hit["path"] for hit in similar] == [
        hit["path"] for hit in json.loads(cli("similar", path, "-n", "3", "--json", library=library).stdout)
    ]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("search_photos", {}, "text: field required"),
        ("search_photos", {"text": ""}, "The text is empty"),
        ("search_photos", {"text": "..."}, "no word"),
        ("search_photos", {"text": "1e999:cat"}, "is no weight"),
        ("search_photos", {"text": "x" * 3000}, "text: string should have at most"),
        ("search_photos", {"text": "cat", "limit": 0}, "limit: input should be greater"),
        ("search_photos", {"text": "cat", "after": "soon"}, "'soon' is no date"),
        ("search_photos", {"text": "cat", "near": "48,2"}, "near and within belong together"),
        ("search_regions", {"text": "cat", "folder": "a\0b"}, "NUL"),
        ("look_at_photo", {"photo": 777}, "no photo 777"),
        ("look_at_photo", {"photo": -1}, "no photo -1"),
        ("look_at_photo", {"photo": 10**30}, "no photo 1000"),
        ("look_at_photo", {"photo": "9" * 40}, "no photo '999"),
        ("look_at_photo", {"photo": "/etc/passwd"}, "no photo '/etc/passwd'"),
        ("look_at_photo", {"photo": "a\0b"}, "no photo"),
        ("look_at_photo", {"photo": 1, "side": 100000}, "side: input should be less"),
        ("look_at_photo", {"photo": 1, "text": "..."}, "no word"),
        ("describe_photo", {"photo": "../../etc/passwd"}, "no photo"),
        ("find_similar", {"photo": None}, "photo"),
        ("no_such_tool", {}, "no_such_tool"),
    ],
)
def test_what_cannot_be_answered_is_an_error_of_the_tool(
    tool: str, arguments: dict[str, Any], said: str, call: Call
) -> None:
    assert said in refusal(call(tool, **arguments))


def test_only_photos_of_the_roots_are_shown(own_library: Path, photos: Path, tmp_path: Path) -> None:
    """A library that somebody made names a file elsewhere."""
    outside = tmp_path / "secret.jpg"
    outside.write_bytes((photos / "rocket.jpg").read_bytes())
    with LibraryWriter.open(own_library) as writer:
        number = min(photo.photo_id for _, photo in writer.known_photos())
        writer.note_changes(moved=[Move(number, str(outside), 1, 1)], returned=[], gone=[])
    with connected(own_library, tmp_path / "log") as (client, portal):
        for which in (number, str(outside)):
            for tool in ("look_at_photo", "describe_photo", "find_similar", "sentences_of_photo"):
                assert "no photo" in refusal(portal.call(client.call_tool, tool, {"photo": which}))


def test_a_library_that_is_not_there(tmp_path: Path) -> None:
    with connected(tmp_path / "none", tmp_path / "log") as (client, portal):
        for name, arguments in (("library_status", {}), ("search_photos", {"text": "a cat"})):
            assert "There is no library in" in refusal(portal.call(client.call_tool, name, arguments))
    assert "Traceback" not in (tmp_path / "log").read_text()


def test_it_ends_with_its_stdin_and_prints_nothing_else(library: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "mcp", "--library", library],
        input='{"jsonrpc": "2.0", "id": 1, "method": "ping"}\nno json\n', capture_output=True, text=True, timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in done.stdout.splitlines())
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
def test_it_ends_on_ctrl_c_while_it_waits(start: Callable[..., "subprocess.Popen[str]"], library: Path) -> None:
    """Its stdin stays open, as a terminal's does."""
    reading, writing = os.pipe()
    before = os.dup(0)
    os.dup2(reading, 0)  # `start` lets the process have ours
    process = start("mcp", library=library)
    os.dup2(before, 0)
    try:
        os.write(writing, b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["id"] == 1
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
        assert (process.returncode, said.strip()) == (130, "Interrupted.")
    finally:
        process.kill()
        for descriptor in (reading, writing, before):
            os.close(descriptor)


def test_albums_are_named_and_searched_in(own_library: Path, tmp_path: Path) -> None:
    from index import curating

    with curating(own_library) as writer:
        writer.create_album("Rome", "Spring")
        writer.add_to_album("Rome", [2])
    with connected(own_library, tmp_path / "log") as (client, portal):
        listed = portal.call(client.call_tool, "list_albums", {}).structured_content
        assert listed["albums"] == [{"name": "Rome", "description": "Spring", "photos": 1, "missing": 0}]
        asked = {"text": "a photo", "album": "rome"}
        found = portal.call(client.call_tool, "search_photos", asked).structured_content
        assert [hit["photo_id"] for hit in found["hits"]] == [2]
