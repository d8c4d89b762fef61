"""What the verbs of ``engine evaluate`` share: the data, the model, and the progress on stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ui.cli.console import stderr

if TYPE_CHECKING:
    from rich.progress import TaskID

    from engine.models.multimodal import MultimodalModel
    from engine.research.data.encoded import MeasuredModel

Captioned = Annotated[
    Path, typer.Option("--data", metavar="FOLDER", help="A folder with dataset.json and images/<split>/.")
]
WithPhrases = Annotated[
    Path,
    typer.Option("--data", metavar="FOLDER", help="A folder with dataset.json, entities.json and images/<split>/."),
]
WithConcepts = Annotated[
    Path, typer.Option("--data", metavar="FOLDER", help="A folder with concepts.json and images/<split>/.")
]
Split = Annotated[str, typer.Option("--split", metavar="NAME", help="The split to measure on.")]


def load(model: str | None, device: str) -> "MultimodalModel":
    """The named model, or the default one, on a device."""
    from engine.alignment.folder import load_model
    from engine.models.multimodal import MultimodalModel
    from engine.runtime.device import choose_device

    return MultimodalModel(load_model(model or "default"), choose_device(device))


def load_any(model: str | None, device: str) -> "MeasuredModel":
    """The same, and encoders that were added too."""
    from engine.encoders.opening import open_model
    from engine.runtime.device import choose_device

    return open_model(model or "default", choose_device(device))


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each kind of work, on stderr; gives the function that is told of it: what, how many done, of all."""
    from rich.progress import Progress

    with Progress(console=stderr, transient=True, disable=not stderr.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def show(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done, total=total)

        yield show
