"""What a report of a problem should say: versions, machine, model, cache and library, what is broken and what is slow.

No network is opened, torch is not imported, nothing is written, and no photo is named.
"""

import os
import platform
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from engine.alignment.folder import ModelFolder, find_model
from engine.captioning.folder import load_captioner
from engine.errors import EngineError
from engine.runtime import extras, machine
from engine.runtime.exported_path import exported_path
from engine.runtime.packaged import is_encoder
from engine.runtime.settings import cache_folder
from engine.vision.backbone_names import identity_of
from index import LibraryAddress, LibraryStatus
from index.candidates.manifest import read_manifest
from index.catalogue.at_a_glance import Glance, glance_at, read_status
from index.scoring.exhaustive import WORTH_A_NETWORK
from index.store.checked_json import read_checked
from index.store.layout import DATABASE, SEAL, bytes_of

PACKAGES = ("visual-semantic-engine", "onnxruntime", "openvino", "torch", "faiss-gpu", "faiss-cpu", "numpy", "pillow")
LITTLE_ROOM = 10**9


class Checkup:
    """One look at everything.

    Attributes:
        parts: what was found, by part and name, ready for JSON.
        broken: what does not work, and what to do, a sentence or two each.
        remarks: what is slow or will be, and why.
    """

    def __init__(self, library: LibraryAddress, model: str | None = None) -> None:
        self.parts: dict[str, dict[str, Any]] = {}
        self.broken: list[str] = []
        self.remarks: list[str] = []
        self._see_versions()
        self._see_machine()
        if isinstance(library, Path):
            glance = self._see_library(library)
            status = None if glance is None else glance.status
        else:
            status = self._see_server(library)
        self._see_model(model, status)

    def _see_versions(self) -> None:
        self.parts["versions"] = {"python": platform.python_version()} | {
            package: machine.installed(package) for package in PACKAGES
        }
        for package in ("onnxruntime", "torch"):
            if machine.installed(package) is None:
                self.broken.append(f"The package {package} is not installed; install the project again.")
        self.parts["extras"] = {extra: extras.is_installed(extra) for extra in sorted(extras.MODULES)}

    def _see_machine(self) -> None:
        bfloat16, gpus = machine.has_bfloat16_instructions(), machine.gpus()
        self.parts["machine"] = {
            "system": f"{platform.system()} {platform.release()}",
            "processor": machine.processor(),
            "cores": os.cpu_count(),
            "bfloat16": bfloat16,
            "gpu_driver": machine.has_gpu_driver(),
            "gpus": gpus,
        }
        if bfloat16 is False:
            self.remarks.append("The processor has no bfloat16, with which indexing is twice as fast.")
        elif find_spec("openvino") is None and sys.platform != "darwin":
            self.remarks.append("OpenVINO is not installed; with it, a processor with bfloat16 indexes twice as fast.")
        if gpus and (machine.installed("torch") or "").endswith("+cpu"):
            self.remarks.append("There is a GPU, and torch was installed for the processor alone: the GPU is not used.")

    def _see_library(self, folder: Path) -> Glance | None:
        seen: dict[str, Any] = {"folder": short_path(folder), **self._see_disk("library", folder)}
        self.parts["library"] = seen
        if not os.path.lexists(folder / DATABASE):
            seen["state"] = "nothing was indexed yet"
            return None
        glance = None
        with self._noting():
            try:
                glance = glance_at(folder)
            except sqlite3.NotSupportedError as error:
                seen["state"] = f"{error}; the next command that opens it brings it up to date"
                return None
            except (sqlite3.Error, OSError):
                read_status(folder)  # says why; or can be read where nothing can be written
                seen["state"] = "it cannot be written from here"
        if glance is None:
            seen.setdefault("state", "it cannot be read")
            return None
        status = glance.status
        seen |= {
            "state": "it can be read", "schema": glance.schema, "photos": status.photos, "missing": status.missing,
            "sentences": status.sentences, "bytes": status.total_bytes, "model": status.model_name or None,
            "fingerprint": status.fingerprint or None, "models": len(status.builds),
            "sealed": self._seal(folder, glance),
        }  # fmt: skip
        self._see_index(folder, glance)
        return glance

    def _see_server(self, library: LibraryAddress) -> LibraryStatus | None:
        seen: dict[str, Any] = {"server": str(library), "state": "it cannot be read"}
        self.parts["library"] = seen
        with self._noting():
            status = read_status(library)
            seen |= {
                "state": "it can be read", "photos": status.photos, "missing": status.missing,
                "sentences": status.sentences, "bytes": status.total_bytes, "model": status.model_name or None,
                "fingerprint": status.fingerprint or None, "models": len(status.builds),
            }  # fmt: skip
            return status
        return None

    def _seal(self, folder: Path, glance: Glance) -> str | None:
        """When the catalogue was sealed, if the seal is of the catalogue as it is now."""
        seal = read_checked(folder / SEAL) or {}
        if seal.get("number") != glance.seal or not seal.get("num_bytes"):
            return None
        if not seal.get("whole", True):
            self.broken.append("The catalogue was found damaged and was written to since; run `engine verify`.")
        return datetime.fromtimestamp((folder / SEAL).stat().st_mtime).isoformat(" ", "seconds")

    def _see_index(self, folder: Path, glance: Glance) -> None:
        manifest = read_manifest(folder)
        current = next((build for build in glance.status.builds if build.current), None)
        fits = manifest is not None and current is not None and manifest.build_id == current.build_id
        covered = manifest.num_records if manifest is not None and fits else 0
        self.parts["library"]["index"] = {"covered": covered, "of": glance.num_records}
        if covered < glance.num_records:
            self.remarks.append(
                f"The index covers {covered} of {glance.num_records} photo records; the next `engine index` adds the "
                "rest, and until then each command does so for itself."
            )

    def _see_model(self, named: str | None, library: LibraryStatus | None) -> None:
        name = named or (library.model_name if library else "") or "default"
        self.parts["model"] = {"name": name, "fingerprint": None}
        keys: dict[str, str] = {}
        with self._noting():
            fingerprint, keys = _model_networks(find_model(name))
            self.parts["model"]["fingerprint"] = fingerprint
            made_by = library.fingerprint if library and library.model_name == name else ""
            if made_by not in ("", fingerprint):
                self.broken.append(
                    f"The library was made by {name} ({made_by[:8]}), which is {fingerprint[:8]} here; run "
                    "`engine index` to make its vectors again."
                )
        if library is not None and library.photos > WORTH_A_NETWORK:
            keys["search"] = f"scan|{library.num_regions}|{library.dimension}|{library.has_global}"
        with self._noting():
            keys["captions"] = f"caption step|{load_captioner('default').fingerprint}"
        self._see_cache(keys)

    def _see_cache(self, keys: dict[str, str]) -> None:
        folder = cache_folder()
        networks = {name: exported_path(key).is_file() for name, key in keys.items()} if _has_torch() else {}
        self.parts["cache"] = {
            "folder": short_path(folder), **self._see_disk("cache", folder), "bytes": bytes_of(folder.rglob("*")),
            "networks": networks,
        }  # fmt: skip
        if not os.access(_existing(folder), os.W_OK):
            self.broken.append(f"The cache {short_path(folder)} cannot be written; name another with ENGINE_CACHE.")
        waiting = [name for name, there in networks.items() if not there]
        if waiting:
            self.remarks.append(f"Prepared when first needed, which takes seconds: networks for {', '.join(waiting)}.")

    def _see_disk(self, what: str, folder: Path) -> dict[str, Any]:
        kind, free = machine.kind_of_disk(folder), None
        with self._noting():
            free = shutil.disk_usage(_existing(folder)).free
            if free < LITTLE_ROOM:
                self.remarks.append(f"There are only {free / 1e6:.0f} MB left on the disk of the {what}.")
        if kind in machine.REMOTE:
            self.remarks.append(
                f"The {what} is on a network disk ({kind}), which is slow, and locks may not hold there."
            )
        return {"disk": kind, "free_bytes": free}

    @contextmanager
    def _noting(self) -> Iterator[None]:
        """Count what goes wrong in the block among what is broken."""
        try:
            yield
        except (EngineError, OSError) as error:
            self.broken.append(str(error).replace(str(Path.home()), "~"))


def _model_networks(folder: Path) -> tuple[str, dict[str, str]]:
    """The fingerprint of a model, and the keys of its networks that are exported when they are first needed."""
    if is_encoder(folder):
        from engine.encoders.folder import EncoderFolder

        config = EncoderFolder(folder).config
        encoder = config.encoder
        return config.fingerprint, {"photos": f"maps|{identity_of(encoder.proposal_backbone)}|{encoder.proposal_size}"}
    model = ModelFolder(folder)
    kind = model.config.architecture
    return model.fingerprint, {
        "photos": f"maps|{identity_of(kind.backbone)}|{kind.image_size}",
        "regions": f"regions|{model.fingerprint}",
        "texts": f"sentence|{model.fingerprint}",
    }


def _has_torch() -> bool:
    return machine.installed("torch") is not None


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    absolute = folder.absolute()
    return next(path for path in (absolute, *absolute.parents) if path.exists())


def short_path(path: Path) -> str:
    """A path as it may stand in a report: whose home folder it is is nobody's business."""
    absolute, home = path.absolute(), Path.home()
    return f"~/{absolute.relative_to(home).as_posix()}" if absolute.is_relative_to(home) else str(absolute)
