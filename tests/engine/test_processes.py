"""An Engine in another process: forked before anything was asked, forked too late, or sent to one that is spawned."""

import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from engine import Engine

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import multiprocessing, sys
from engine import Engine
from engine.errors import EngineError
from engine.sharing import SharedEngine

def count(engine):
    if isinstance(engine, SharedEngine):
        return engine.ask(lambda lease: len(lease.engine.search("a cat", 100)))
    return len(engine.search("a cat", 100))

def ask(engine, answers):
    try:
        answers.put(count(engine))
    except EngineError as error:
        answers.put(str(error))

def there(method, engine):
    context = multiprocessing.get_context(method)
    answers = context.Queue()
    process = context.Process(target=ask, args=(engine, answers))
    process.start()
    answer = answers.get(timeout=100)
    process.join(20)
    assert process.exitcode == 0, process.exitcode
    return answer

if __name__ == "__main__":
    folder, method, moment, kind = sys.argv[1:]
    shared = SharedEngine(folder, device="cpu", at_once=False)
    engine = Engine.open(folder, device="cpu") if kind == "Engine" else shared
    if moment == "after":
        count(engine)
    print(there(method, engine))
    if moment == "after":
        print(there(method, Engine.open(folder, device="cpu")))  # another one, of the same networks
        print(count(engine))
"""


needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")


def answers(tmp_path: Path, *arguments: str | Path) -> list[str]:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, program, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@needs_fork
@pytest.mark.parametrize("kind", ["Engine", "SharedEngine"])
def test_forked_before_anything_was_asked_it_answers(library: Path, tmp_path: Path, kind: str) -> None:
    assert answers(tmp_path, library, "fork", "before", kind) == ["8"]


@needs_fork
@pytest.mark.parametrize("kind", ["Engine", "SharedEngine"])
def test_forked_after_a_question_it_says_what_to_do_and_the_parent_goes_on(
    library: Path, tmp_path: Path, kind: str
) -> None:
    of_the_same, of_another, parent = answers(tmp_path, library, "fork", "after", kind)
    assert "was forked from one in which a library or a model was open" in of_the_same
    assert 'multiprocessing.get_context("spawn")' in of_the_same
    assert of_another == of_the_same
    assert parent == "8"


@pytest.mark.parametrize("kind", ["Engine", "SharedEngine"])
def test_sent_to_a_process_it_is_opened_there_anew(library: Path, tmp_path: Path, kind: str) -> None:
    assert answers(tmp_path, library, "spawn", "after", kind) == ["8", "8", "8"]


def test_what_is_sent_is_where_the_library_is_and_by_what_it_is_read() -> None:
    sent = pickle.loads(pickle.dumps(Engine.open("somewhere", model="paper", device="cpu", warn=print)))
    assert (sent.folder, sent._model_name, sent._device) == (Path("somewhere"), "paper", "cpu")
