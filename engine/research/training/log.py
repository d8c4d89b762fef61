"""The log of a run: a JSON line an epoch, on the screen and in a file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Log = Callable[[dict[str, Any]], None]


def line_log(path: Path) -> Log:
    """A log that prints each line and appends it to ``path``."""

    def log(line: dict[str, Any]) -> None:
        text = json.dumps(line)
        with path.open("a", encoding="utf-8") as file:
            print(text, file=file)
        print(text, flush=True)

    return log
