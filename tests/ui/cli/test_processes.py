"""The command as a process: exit statuses, Ctrl-C in the middle of a run, and a reader that went away."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Cli = Callable[..., Result]
Start = Callable[..., "subprocess.Popen[str]"]
STOPPED = "Interrupted.\n"
INTERRUPTED = "Interrupted. What was done so far is kept; run the same command again to go on.\n"


def test_the_installed_command_runs(library: Path) -> None:
    command = Path(sysconfig.get_path("scripts")) / ("engine.exe" if os.name == "nt" else "engine")
    for arguments, status in [(["status", "--json"], 0), (["status", "--library", "/no/library"], 1), (["stats"], 2)]:
        done = subprocess.run(
            [command, *arguments],
            env={**os.environ, "ENGINE_LIBRARY": str(library)},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == status
        assert bool(done.stdout) == (status == 0)
        assert bool(done.stderr) == (status != 0)


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
def test_ctrl_c_stops_a_run_that_the_next_one_completes(
    start: Start, cli: Cli, wait_for_batches: Callable[..., None], many_photos: Path, tmp_path: Path
) -> None:
    library = tmp_path / "library"
    process = start("index", many_photos, library=library)
    wait_for_batches(process, library, 2)
    process.send_signal(signal.SIGINT)
    stopped = time.monotonic()
    stdout, stderr = process.communicate(timeout=60)
    assert time.monotonic() - stopped < 15
    assert (process.returncode, stdout) == (130, "")
    assert stderr == INTERRUPTED
    before = json.loads(cli("status", "--json", library=library).stdout)["photos"]
    total = len(list(many_photos.iterdir()))
    assert 0 < before < total
    second = cli("index", many_photos, library=library)
    assert f"{total - before} photos added, {before} unchanged, 0 failed" in second.stdout
    found = json.loads(
        cli("search", "something red", "--min-probability", "0", "--json", "-n", "10000", library=library).stdout
    )
    assert sorted(Path(hit["path"]) for hit in found) == sorted(many_photos.iterdir())


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
@pytest.mark.parametrize("delay", [0, 0.5])
def test_ctrl_c_before_anything_was_done(delay: float, start: Start, many_photos: Path, tmp_path: Path) -> None:
    process = start("index", many_photos, library=tmp_path / "library", announced=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    time.sleep(delay)  # in the middle of reading the arguments, or of loading the networks
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert stderr in (INTERRUPTED, STOPPED)  # a run that has not begun has kept nothing


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
@pytest.mark.parametrize("delay", [0.05, 0.2])
def test_ctrl_c_while_the_command_itself_is_imported(delay: float) -> None:
    program = (
        "import signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a parent in the background lets it be ignored
        "from ui.cli.start import run\nprint('begun', flush=True)\nsys.argv[1:] = ['search', 'a dog']\nrun()"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    time.sleep(delay)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr.decode()) == (130, b"", STOPPED)


STRIKES = {
    "where Python drops exceptions": """
        class Finalized:
            def __del__(self): raise KeyboardInterrupt
        Finalized()
        for _ in range(300): time.sleep(0.1)
    """,
    "where C++ would abort, as modules are imported": """
        sys.path.append(sys.argv[1])
        import half_cplusplus
    """,
    "where a library drops it": """
        try: signal.raise_signal(signal.SIGINT)
        except BaseException: pass
        for _ in range(300): time.sleep(0.1)
    """,
    "where C++ makes another error of it": """
        try: signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error: raise RuntimeError("could not determine the shape") from error
    """,
}


@pytest.mark.parametrize("strike", STRIKES)
def test_ctrl_c_counts(strike: str, tmp_path: Path) -> None:
    (tmp_path / "half_cplusplus.py").write_text(
        "import os, signal\n"
        "try: signal.raise_signal(signal.SIGINT)\n"
        "except KeyboardInterrupt: os.abort()\n"
    )  # fmt: skip
    program = (
        "import signal, sys, time\n"
        "from ui.cli.console import last_resort\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a parent in the background lets it be ignored
        f"with last_resort():{STRIKES[strike].rstrip()}\n"
        "        print('not interrupted')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, tmp_path], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", STOPPED)


@pytest.mark.skipif(os.name == "nt", reason="signals are a matter of Unix")
def test_an_interrupted_question_does_not_claim_to_have_kept_anything(start: Start, library: Path) -> None:
    process = start("search", "a cat", library=library, announced=True)
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout, stderr) == (130, "", STOPPED)


@pytest.mark.skipif(os.name == "nt", reason="closed pipes look different there")
@pytest.mark.parametrize("more", [[], ["--json"]], ids=["plain", "json"])
def test_a_reader_that_went_away_is_no_error_to_print(start: Start, library: Path, more: list[str]) -> None:
    """As with ``engine search … | head -1`` when head has seen enough."""
    reader, writer = os.pipe()
    os.close(reader)
    process = start("search", "a cat", "--min-probability", "0", *more, library=library, stdout=writer)
    os.close(writer)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode != 0
    assert "Traceback" not in stderr
    assert "BrokenPipe" not in stderr
    assert stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="needs a shell with head")
def test_head_takes_the_first_line(start: Start, library: Path) -> None:
    search = start("search", "a cat", "--min-probability", "0", library=library)
    head = subprocess.run(["head", "-1"], stdin=search.stdout, capture_output=True, text=True, timeout=60)
    assert search.stdout is not None
    search.stdout.close()
    assert search.stderr is not None
    assert search.stderr.read() == ""
    search.stderr.close()
    search.wait(60)
    assert head.stdout.startswith("  1. ")
    assert len(head.stdout.splitlines()) == 1


def test_a_mistake_of_ours_is_admitted_in_a_sentence(library: Path) -> None:
    """No traceback reaches a user, and ENGINE_DEBUG brings it back."""
    program = "import ui.shared.results\ndel ui.shared.results.hit_as_text\nfrom ui.cli.main import run\nrun()"
    environment = {**os.environ, "ENGINE_LIBRARY": str(library), "PYTHONPATH": str(Path(__file__).parents[3])}

    def run(**more: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-c", program, "search", "a cat", "--min-probability", "0"],
            env={**environment, **more},
            capture_output=True,
            text=True,
            timeout=60,
        )

    quiet, loud = run(), run(ENGINE_DEBUG="1")
    assert (quiet.returncode, quiet.stdout) == (1, "")
    assert "This should not happen" in quiet.stderr
    assert "Traceback" not in quiet.stderr
    assert "ENGINE_DEBUG=1" in quiet.stderr
    assert loud.returncode == 1
    assert "Traceback" in loud.stderr
