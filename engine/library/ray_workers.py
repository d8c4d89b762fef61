"""Photos embedded by several processes, on this machine or on others, which Ray starts anew where one is killed.

Into a library that several may write to they write as well; of any other they hand the vectors back.
"""

import io
import logging
import os
import re
import secrets
import sys
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from itertools import islice
from threading import Lock, current_thread
from typing import Any, TextIO

from engine.encoders.opening import open_model
from engine.errors import EngineError, ModelError
from engine.library.embedding import EmbeddedPhotos, Embedder
from engine.library.report import PHOTO_BATCH
from engine.library.storing import store_found
from engine.photos.walk import FoundPhoto
from engine.runtime.device import choose_device
from engine.runtime.extras import extra_command
from index import BuildSpec, ServerAddress, Writer, open_writer

logger = logging.getLogger(__name__)

CORES = 4  # of a worker in a cluster without GPUs: more of them make one photo little faster
AHEAD = 2  # batches that a worker has: it reads one while it embeds the other
ADDRESS = "ray"


def require_workers(asked: str) -> None:
    """Refuse what names no workers.

    Raises:
        EngineError: it is neither a number nor an address, or Ray is not installed.
    """
    if not (asked.isdecimal() and int(asked) > 0) and asked != ADDRESS and not asked.startswith(f"{ADDRESS}://"):
        raise EngineError(f"The workers are {asked!r}; expected their number, ray, or ray://HOST:10001.")
    if asked.isdecimal() and "ray" not in sys.modules and "RAY_AUTH_MODE" not in os.environ:
        # Ray listens on every address of a machine; it reads this when it is imported.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    try:
        import ray  # noqa: F401
    except ImportError as error:
        raise EngineError(
            f"Several workers need the package ray, which is not installed; run `{extra_command('scale')}`."
        ) from error


class _Worker:
    """What runs in a process of Ray's."""

    def __init__(
        self,
        model: str,
        spec: BuildSpec,
        library: ServerAddress | None,
        device: str,
        max_pixels: int | None,
        cores: int,
    ) -> None:
        if cores < (os.cpu_count() or 1) and hasattr(os, "sched_setaffinity"):
            # The networks take every core that they see.
            free = sorted(os.sched_getaffinity(0))
            start = os.getpid() % max(1, len(free) // cores) * cores
            os.sched_setaffinity(0, free[start : start + cores] or free)
        opened = open_model(model, choose_device(device))
        if opened.fingerprint != spec.fingerprint:
            raise ModelError(
                f"A worker's model {model!r} is {opened.fingerprint[:8]}, and the library's {spec.fingerprint[:8]}; "
                "install the same version everywhere."
            )
        self._embedder = Embedder(opened, max_pixels, cores)
        self._stored: frozenset[str] | None = None
        self._writing = Lock()
        self._writer: Writer | None = None
        if library is not None:
            self._writer = open_writer(library)
            self._writer.use_build(spec, current=False)

    def embed(self, files: Sequence[FoundPhoto], stored: Sequence[Any]) -> EmbeddedPhotos:
        """Embed files whose content is not in the set that ``stored`` refers to, which is fetched once; and write them,
        where this process may: a batch that is given again after that is written over itself.
        """
        if self._stored is None:
            import ray

            self._stored = ray.get(stored[0])
        found = self._embedder.embed(files, self._stored.__contains__)
        if self._writer is not None:
            with self._writing:  # two batches are here at a time, and a writer has one transaction
                store_found(self._writer, found)
        return found


class _WithoutRay:
    """What is printed, without what the threads of Ray print: results are read by programs."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if not current_thread().name.startswith("ray_"):
            return self._stream.write(text)
        if text.strip():
            logger.info("%s", text.strip())
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class RayWorkers:
    """Workers that embed photos, and write them or hand the vectors back to the process that has the library open.

    A worker that is killed is started anew and given its batches again: what it had handed back stays, and what it
    had not is embedded again. A batch counts once, when it comes back.

    Args:
        asked: how many on this machine, ``ray`` for as many as the cluster has room for (that of ``RAY_ADDRESS``, else
            one of this machine alone), or the address of a cluster.
        model: its name, or its folder, which every machine must have.
        spec: the build of the model.
        library: to write to; None where they hand the vectors back.
        device: ``auto``, ``cpu`` or ``cuda``.
        max_pixels: the largest photo taken; None for what each machine can hold.
    """

    def __init__(
        self,
        asked: str,
        model: str,
        spec: BuildSpec,
        library: ServerAddress | None,
        device: str,
        max_pixels: int | None,
    ) -> None:
        require_workers(asked)
        self._asked = asked
        self._given = model, spec, library, device, max_pixels
        self._device = device

    def embedded(self, files: Sequence[FoundPhoto], stored: Collection[str]) -> Generator[EmbeddedPhotos, None, None]:
        """What became of files whose content is not among that which is ``stored``, a batch at a time, in any order.

        Raises:
            EngineError: there is no such cluster, or a worker cannot be started.
        """
        import ray
        from ray.exceptions import RayError

        with redirect_stdout(_WithoutRay(sys.stdout)), self._cluster() as (number, options, cores):
            known = [ray.put(frozenset(stored))]
            kind = ray.remote(**options, max_restarts=-1, max_task_retries=-1, max_concurrency=AHEAD)(_Worker)
            workers = [kind.remote(*self._given, cores) for _ in range(min(number, -(-len(files) // PHOTO_BATCH)))]
            batches = _batches(files)
            running: dict[Any, Any] = {}
            try:
                for worker in workers * AHEAD:
                    running |= {worker.embed.remote(batch, known): worker for batch in islice(batches, 1)}
                while running:
                    (done,), _ = ray.wait(list(running), num_returns=1)
                    worker = running.pop(done)
                    running |= {worker.embed.remote(batch, known): worker for batch in islice(batches, 1)}
                    yield ray.get(done)
            except RayError as error:
                cause = getattr(error, "cause", None)
                raise (cause if isinstance(cause, EngineError) else EngineError(_said(error))) from error
            finally:
                for worker in workers:
                    with suppress(Exception):  # it is gone, or the cluster is
                        ray.kill(worker)

    @contextmanager
    def _cluster(self) -> Iterator[tuple[int, dict[str, float], int]]:
        """A connection; how many workers there are room for, what each is given, and its cores."""
        import ray

        ours = not ray.is_initialized()
        if ours:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray would tell its makers
            address = self._asked if self._asked.startswith(f"{ADDRESS}://") else None
            number_only = self._asked.isdecimal()
            try:
                ray.init(
                    "local" if number_only else address,
                    include_dashboard=False if number_only else None,
                    log_to_driver=False,
                    logging_level=logging.ERROR,
                    **({"num_cpus": max(int(self._asked), os.cpu_count() or 1)} if number_only else {}),
                )
            except (ConnectionError, RuntimeError, ValueError, OSError) as error:
                raise EngineError(f"There is no cluster of Ray to work with: {_said(error)}") from error
        try:
            has = ray.cluster_resources()
            cpus, gpus = int(has.get("CPU", 1)), int(has.get("GPU", 0))
            if self._asked.isdecimal():
                number = int(self._asked)
                cores = max(1, (os.cpu_count() or 1) // number)
                yield number, {"num_cpus": 1, "num_gpus": min(1, gpus / number)}, cores
            elif gpus and self._device != "cpu":
                yield gpus, {"num_cpus": 1, "num_gpus": 1}, max(1, cpus // gpus)
            else:
                cores = min(CORES, cpus)
                yield cpus // cores, {"num_cpus": cores}, cores
        finally:
            if ours:
                with redirect_stdout(io.StringIO()):  # what it has not printed yet
                    ray.shutdown()


def _batches(files: Sequence[FoundPhoto]) -> Iterator[Sequence[FoundPhoto]]:
    return (files[start : start + PHOTO_BATCH] for start in range(0, len(files), PHOTO_BATCH))


def _said(error: Exception) -> str:
    """The last line of what Ray says, which is what happened; of an error of ours its own sentence.

    >>> _said(RuntimeError("The actor died:\\n  Traceback\\nindex.errors.LibraryError: The server does not answer."))
    'The server does not answer.'
    """
    last = next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)
    return re.sub(r"^(engine|index)\.[\w.]+: ", "", last)
