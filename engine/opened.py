"""An open library: its folder, its model and its reader, each opened when it is first needed."""

import math
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Self, TypeVar

from engine.alignment.folder import PRETRAINED, load_model
from engine.encoders.opening import open_model
from engine.errors import EngineError, LibraryMissingError, ModelError, WrongModelError
from engine.models.multimodal import MultimodalModel
from engine.models.protocol import EmbeddingModel
from engine.runtime.device import choose_device
from engine.runtime.packaged import installed_folder
from engine.runtime.settings import library_address
from engine.search.opening import open_reader
from engine.types import Warn
from index import LibraryAddress, LibraryStatus, Reader, ServerAddress, read_current_build, read_status
from index.store.opened_file import steadily

if TYPE_CHECKING:
    from engine.captioning.describe import Describer
    from engine.library.curation import Curation
    from engine.library.ray_workers import RayWorkers

DEFAULT_MODEL = "default"
EMBEDDED_A_MINUTE = 30 * 60  # photos, on two cores; the fastest of those measured do three times as many

Asked = ParamSpec("Asked")
Value = TypeVar("Value")
Library = TypeVar("Library", bound="OpenedLibrary")


def asked_steadily(
    question: Callable[Concatenate[Library, Asked], Value],
) -> Callable[Concatenate[Library, Asked], Value]:
    """A question that is asked again where the library changed under it; see ``OpenedLibrary._steadily``."""

    @wraps(question)
    def ask(library: Library, /, *arguments: Asked.args, **options: Asked.kwargs) -> Value:
        return library._steadily(partial(question, library, *arguments, **options))

    return ask


class _OwnProcess:
    """Remembers which process opened what does not survive a fork: threads that compute, and SQLite's connections."""

    def __init__(self) -> None:
        self._pid: int | None = None

    @property
    def is_other(self) -> bool:
        """Whether it was opened by a process that this one was forked from."""
        return self._pid is not None and self._pid != os.getpid()

    def require(self) -> None:
        """Take it as opened here. Raises EngineError where it was opened before a fork."""
        if self.is_other:
            raise EngineError(
                "This process was forked from one in which a library or a model was open, and neither can be used "
                'here. Start it with multiprocessing.get_context("spawn"), to which an Engine may be sent, or fork '
                "before anything is asked."
            )
        self._pid = os.getpid()


_networks = _OwnProcess()  # of all Engines: torch and ONNX Runtime have one set of threads
_left_alone: list[Reader] = []  # to close a connection of before a fork could end locks of the other process


def _warn(text: str) -> None:
    warnings.warn(text, stacklevel=3)


class OpenedLibrary:
    """A photo library with the model that reads it.

    Networks are loaded when they are first needed, and stay.
    """

    def __init__(self, folder: LibraryAddress, model: str | None, device: str, warn: Warn) -> None:
        self.folder = folder
        self._model_name = model
        self._device = device
        self._warn = warn
        self._reader: Reader | None = None
        self._told: set[str] = set()
        self._describers: dict[tuple[str, str], Describer] = {}
        self._model: EmbeddingModel | None = None
        self._files = _OwnProcess()
        self._is_asking = False
        self._is_held = False

    def __reduce__(self) -> tuple[Callable[[], Self], tuple[()]]:
        """Sent to another process it is opened there anew; ``warn`` stays behind."""
        return partial(type(self), self.folder, self._model_name, self._device, _warn), ()

    @classmethod
    def open(
        cls,
        library: str | LibraryAddress | None = None,
        *,
        model: str | Path | None = None,
        device: str = "auto",
        warn: Warn = _warn,
    ) -> Self:
        """Open a library; nothing is read or made yet.

        ``library`` is its folder, or a database as ``postgresql://user@host/database``; None for ``ENGINE_LIBRARY`` or
        the user's data folder. ``model`` is ``default``,
        ``paper`` or a model folder; None for the one that made the library, else ``default``. ``device`` is ``auto``,
        ``cpu`` or ``cuda``. ``warn`` is told what a user should know, a sentence at a time.
        """
        for name, value in (("library", library), ("model", model)):
            if value is not None and not isinstance(value, str | os.PathLike | ServerAddress):
                raise EngineError(f"The {name} is {value!r}; expected the path of a folder, or a name.")
        return cls(library_address(library), None if model is None else str(model), device, warn)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def beside(self) -> Self:
        """Another Engine on the same library, with the same networks in memory, for another thread."""
        other = type(self)(self.folder, self._model_name, self._device, self._warn)
        other._model = self.model
        other._describers = self._describers
        return other

    def close(self) -> None:
        """Let go of the library's files."""
        if self._reader is not None and self._files.is_other:
            _left_alone.append(self._reader)
        elif self._reader is not None:
            self._reader.close()
        self._reader = None

    def _steadily(self, question: Callable[[], Value]) -> Value:
        """Ask; again, with a reader that is opened anew, where the library changed while it was read."""
        if self._is_asking:  # a part of a question, which is asked again as a whole
            return question()
        self._is_asking = True
        try:
            return steadily(question)
        finally:
            self._is_asking = False

    @contextmanager
    def _held(self) -> Iterator[None]:
        """A block in which the library stays as it is now, and which threads may ask."""
        self._is_held = self.reader is not None
        try:
            yield
        finally:
            self._is_held = False

    @property
    def model(self) -> EmbeddingModel:
        """The model, loaded on first use.

        Raises:
            ModelError: there is no such model, or its files are damaged.
            EngineError: this process was forked from one in which a model was loaded.
        """
        _networks.require()
        if self._model is None:
            self._model = open_model(self._model_name or self._library_model(), choose_device(self._device))
        return self._model

    def _workers(self, asked: str, max_pixels: int | None) -> "RayWorkers":
        """What embeds photos by this model in other processes, and writes them where several may."""
        from engine.library.indexing import build_spec
        from engine.library.ray_workers import RayWorkers

        name = self._model_name or self._library_model()
        if name not in PRETRAINED and installed_folder(name) is None:
            name = str(Path(name).absolute())
        shared = self.folder if isinstance(self.folder, ServerAddress) and self.folder.lets_many_write else None
        return RayWorkers(asked, name, build_spec(self.model), shared, self._device, max_pixels)

    @property
    def _captioned_model(self) -> MultimodalModel:
        """The model whose regions caption models read: this one, or ``default`` beside one of another kind."""
        if isinstance(self.model, MultimodalModel):
            return self.model
        return MultimodalModel(load_model(DEFAULT_MODEL), choose_device(self._device))

    def _library_model(self) -> str:
        try:
            build = read_current_build(self.folder)
        except LibraryMissingError:
            return DEFAULT_MODEL
        if build is not None and build.model_name not in PRETRAINED and installed_folder(build.model_name) is None:
            raise ModelError(
                f"The library in {self.folder} was made by the model {build.model_name!r}, which is not one of "
                f"{', '.join(PRETRAINED)}, and was not added here: name its folder with --model, or run `engine index "
                f"--model {DEFAULT_MODEL}` to embed the photos again."
            )
        return DEFAULT_MODEL if build is None else build.model_name

    @property
    def reader(self) -> Reader:
        """The library, open for reading, as it is now: a later run is seen the next time this is asked for.

        Raises:
            LibraryMissingError: there is none in the folder, or no longer.
            EngineError: this process was forked from one in which it was opened.
        """
        self._files.require()
        if self._reader is not None and not self._is_held and self._is_outdated(self._reader):
            self.close()
        if self._reader is None:
            self._reader = open_reader(self.folder, self._warn, self._device)
        for text in set(self._reader.damage) - self._told:
            self._told.add(text)
            self._warn(text)
        return self._reader

    def _is_outdated(self, reader: Reader) -> bool:
        try:
            return reader.changed()
        except LibraryMissingError:
            self.close()
            raise

    def _fitting_reader(self) -> Reader:
        """The library, if the model made its vectors."""
        reader = self.reader
        build = reader.build
        if build is not None and self._model_name is None and build.model_name != self.model.name:
            self._model = None  # another model covers the library by now
            self._describers.clear()
        if build is not None and build.fingerprint != self.model.fingerprint:
            made = f"{build.model_name!r} ({build.fingerprint[:8]})"
            this = f"{self.model.name!r} ({self.model.fingerprint[:8]})"
            command = f"`engine index --model {self._model_name or DEFAULT_MODEL} --library {self.folder}`"
            if build.model_name == self.model.name:
                minutes = math.ceil(reader.num_photos / EMBEDDED_A_MINUTE)
                raise WrongModelError(
                    f"The library in {self.folder} was made by an earlier model {made}, and this is {this}: their "
                    f"vectors cannot be compared. Run {command} to embed its {reader.num_photos} photos again, which "
                    f"takes about {minutes} minute{'s' if minutes != 1 else ''} on two cores; all else is kept."
                )
            raise WrongModelError(
                f"The library in {self.folder} was made by the model {made}, and this is {this}: their vectors cannot "
                f"be compared. Use the library's model, or run {command} on it to embed its photos again."
            )
        return reader

    @property
    def curation(self) -> "Curation":
        """The library's albums, favourites, ratings, hidden photos and saved searches, to read and to change."""
        from engine.library.curation import Curation

        return Curation(self.folder)

    def status(self) -> LibraryStatus:
        """What the library holds.

        Raises:
            LibraryMissingError: there is none in the folder.
        """
        return read_status(self.folder)
