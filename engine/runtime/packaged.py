"""Models on disk: those that come with the package, and one's own."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.resources import as_file, files
from pathlib import Path

from safetensors import SafetensorError

from engine.errors import ModelError
from engine.runtime.settings import models_folder

CONFIG, WEIGHTS, VOCABULARY = "config.json", "weights.safetensors", "vocabulary.json"
IMAGE_TOWER = "image.onnx"  # of an encoder, which has no weights of its own beside it


# What torch, safetensors and Python say to sizes and contents that make no sense.
_DAMAGE = (
    OSError, SafetensorError, RuntimeError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError,
    MemoryError, LookupError,
)  # fmt: skip


def is_encoder(folder: Path) -> bool:
    """Whether a model's folder holds a converted encoder, see ``engine.encoders``."""
    return (folder / IMAGE_TOWER).is_file()


def installed_folder(name: str) -> Path | None:
    """The folder of a model that was added by name; None where there is none."""
    folder = models_folder() / name
    return folder if folder.parent == models_folder() and (folder / CONFIG).is_file() else None


def find_folder(name: str, packaged: Collection[str], *place: str) -> Path | None:
    """The folder of a packaged model, or the folder that ``name`` is a path of; None where it has no configuration.

    Args:
        name: of the model.
        packaged: the names of those that come with the package.
        place: folders under ``engine/pretrained`` that they stand in.
    """
    with as_file(files("engine.pretrained").joinpath(*place, name)) as folder:
        found = folder if name in packaged else Path(name).expanduser()
    return found if (found / CONFIG).is_file() else None


@contextmanager
def explaining_damage(what: str, folder: Path) -> Iterator[None]:
    """Say that a model cannot be loaded, and why, when reading its files fails in the block.

    Raises:
        ModelError: it did.
    """
    try:
        yield
    except _DAMAGE as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(
            f"The {what} in {folder} cannot be loaded ({reason}); train it again or restore its files."
        ) from error
