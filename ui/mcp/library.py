"""A library of which nothing is opened, and nothing imported, before the first question: clients wait for a server."""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from engine.types import Warn

if TYPE_CHECKING:
    from engine.sharing import Lease, SharedEngine
    from index.address import LibraryAddress

Value = TypeVar("Value")


class AskedLibrary:
    """A library that is opened, and for which networks are loaded, when something is asked.

    Args:
        folder: of the library; it need not exist yet.
        model: as ``Engine.open`` takes it, and so is ``device``.
        warn: is told what belongs to no question.
    """

    def __init__(self, folder: "LibraryAddress", *, model: str | None, device: str, warn: Warn) -> None:
        self.folder = folder
        self._model = model
        self._device = device
        self._warn = warn
        self._shared: SharedEngine | None = None
        self._lock = threading.Lock()

    def ask(self, question: "Callable[[Lease], Value]") -> Value:
        """What a function makes of the newest state of the library. Raises as ``SharedEngine.ask``."""
        from engine.sharing import SharedEngine

        with self._lock:
            if self._shared is None:
                self._shared = SharedEngine(
                    self.folder, model=self._model, device=self._device, warn=self._warn, at_once=False
                )
        return self._shared.ask(question)

    def refresh(self) -> None:
        """Let go of a state that is older than the library, if one was opened."""
        if self._shared is not None and self._shared.is_open:
            self._shared.refresh()

    def close(self) -> None:
        """Let go of the library."""
        if self._shared is not None:
            self._shared.close()

    def status(self) -> dict[str, Any]:
        """What the library holds, and where its photos are; no network is loaded for it.

        Raises:
            LibraryMissingError: there is no library.
        """
        from engine.library.roots import roots
        from index import read_status

        status = read_status(self.folder)
        return {
            "library": str(self.folder),
            "photos": status.photos,
            "missing": status.missing,
            "sentences": status.sentences,
            "generated_sentences": status.generated_sentences,
            "model": status.model_name,
            "roots": [{"path": root.path, "exists": root.exists, "photos": root.photos} for root in roots(self.folder)],
        }

    def albums(self) -> dict[str, Any]:
        """The albums of the library; no network is loaded for them.

        Raises:
            LibraryMissingError: there is no library.
        """
        from index import read_albums

        names = ("name", "description", "photos", "missing")
        return {"albums": [{name: getattr(album, name) for name in names} for album in read_albums(self.folder)]}
