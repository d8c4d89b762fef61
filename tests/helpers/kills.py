"""Work that is killed (SIGKILL) in a process of its own, at a moment that the test chooses."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

KILLER = """
import os, signal, sys, time
from pathlib import Path

def counter(last):
    calls = [0]
    def count(*_):
        calls[0] += 1
        if calls[0] == last:
            os.kill(os.getpid(), signal.SIGKILL)
    return count

for line in sys.stdin:
    when, value, folder = line.strip().split(" ", 2)
    child = os.fork()
    if not child:
        if when != "time":
            call_before(when, counter(int(value)))
        work(Path(folder))
        os._exit(0)
    if when == "time":
        time.sleep(float(value))
        os.kill(child, signal.SIGKILL)
    print(os.WIFSIGNALED(os.waitpid(child, 0)[1]), flush=True)
"""


@contextmanager
def killing(code: str) -> Iterator[Callable[[str, float, Path], bool]]:
    """Gives what does the work on a folder and kills it: `kill(when, value, folder)`.

    `code` defines `work(folder)`, and `call_before(when, count)` that has `count` called before each of some events.
    The work is killed after so many seconds where `when` is ``time``, else before so many of the events. Returns False
    when it had ended before. One process loads what is needed, and copies do the work: so a trial takes no seconds.
    """
    child = subprocess.Popen(
        [sys.executable, "-c", code + KILLER],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    stdin, stdout = child.stdin, child.stdout
    assert stdin is not None
    assert stdout is not None

    def kill(when: str, value: float, folder: Path) -> bool:
        stdin.write(f"{when} {value} {folder}\n")
        stdin.flush()
        answer = stdout.readline()
        assert answer
        return answer == "True\n"

    yield kill
    child.communicate(timeout=60)
    assert child.returncode == 0
