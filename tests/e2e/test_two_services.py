"""Two services of one library on a server, behind one address: whoever answers, the answer is the same."""

import json
import shutil
import threading
import time
from pathlib import Path

import pytest
from counting_proxy import counting_proxy
from photo_folders import copy_some
from postgres_server import PostgresServer
from running_service import Start, ask, served

from engine import Engine
from index import ServerAddress
from index.catalogue.server.connection import read_version, reading

pytest.importorskip("fastapi", reason="FastAPI is not installed (the extra 'serve' has it)")

QUESTIONS = (
    "/search?q=a+cat+looks+at+the+camera&limit=100&min_probability=0",
    "/search?q=red&not=a+rocket&also=a+cup&limit=100&min_probability=0",
    "/search?q=lamps&after=2001&limit=100&min_probability=0",
    "/search?q=a+cat&regions=true&limit=20",
    "/similar?path={coffee}&limit=20",
    "/sentences?path={coffee}&limit=5",
    "/photo/1",
    "/albums",
)


def test_answers_are_equal_while_photos_are_indexed(
    postgres: PostgresServer, start: Start, photos: Path, many_photos: Path, sentence_file: Path, tmp_path: Path
) -> None:
    url, folder = postgres.create_database("two_services"), tmp_path / "photos"
    shutil.copytree(photos, folder)
    questions = [question.format(coffee=folder / "coffee.png") for question in QUESTIONS]
    with Engine.open(url, device="cpu") as engine:
        engine.index([folder], [sentence_file])
        copy_some(many_photos, 40, folder)
        run = threading.Thread(target=engine.index)
        with served(start, url) as (_, one), served(start, url) as (_, other), counting_proxy(one, other) as proxy:
            port = int(proxy.address.rpartition(":")[2])
            states, compared = set(), 0
            run.start()
            while run.is_alive() or compared < 2 * len(questions):
                time.sleep(0.5)  # let it go on
                for question in questions:
                    before = _version(url)
                    (status, first), second = ask(port, question), ask(port, question)
                    if before == _version(url):  # nothing was written between the two
                        assert (status, _without_state(first)) == (200, _without_state(second[1])), question
                        states.add(before)
                        compared += 1
            run.join()
            answers = [json.loads(ask(port, "/search?q=red&limit=1")[1])["library"] for _ in range(4)]
    assert len(states) > 2
    assert [answer["photos"] for answer in answers] == [len(list(folder.iterdir()))] * 4


def _version(url: str) -> int:
    with reading(ServerAddress(url)) as connection:
        return read_version(connection)


def _without_state(answer: bytes) -> object:
    """An answer without the number of states that its own service has seen."""
    found = json.loads(answer)
    if isinstance(found, dict):
        found.pop("library", None)
    return found
