"""Encoders that were added by name: a folder each, which is there as a whole or not at all."""

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from filelock import FileLock

from engine.alignment.folder import PRETRAINED
from engine.encoders.checkpoint import Checkpoint
from engine.encoders.config import EncoderConfig, Source
from engine.encoders.known import KNOWN
from engine.errors import ModelError
from engine.runtime.extras import extra_command, is_installed
from engine.runtime.files import sha256
from engine.runtime.packaged import CONFIG, installed_folder, is_encoder
from engine.runtime.settings import models_folder

Tell = Callable[[str], None]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9A-Fa-f]{64}")
_UNFINISHED = ".unfinished-"


def add_encoder(
    name: str,
    path: Path | None = None,
    *,
    architecture: str | None = None,
    revision: str | None = None,
    expected: str | None = None,
    gpu: bool = False,
    tell: Tell = lambda _: None,
) -> EncoderConfig:
    """Convert a checkpoint and keep it under a name; interrupted, nothing of it stays.

    Args:
        name: of the model from now on.
        path: a safetensors file of open_clip, or a folder with one; None for a known encoder, which is downloaded.
        architecture: one that open_clip knows, where no ``open_clip_config.json`` lies beside the file.
        revision: the commit of a download; None for the newest.
        expected: the SHA-256 of the weights; None to take them as they are.
        gpu: keep weights for a GPU too, which is done where there is one in any case.
        tell: is told what is done.

    Raises:
        ModelError: the name is taken or none, there is no such checkpoint, it is a pickle, damaged, or another one than
            expected, its network is of a kind that is not known here, or the extra ``encoders`` is missing.
    """
    _require_free(name)
    if path is not None and revision is not None:
        raise ModelError(
            f"{revision!r} is said to be the commit of a download, and {path} is on this machine: leave one out."
        )
    if path is None and architecture is not None:
        raise ModelError(f"The architecture {architecture!r} is that of a file; name the file too (--from FILE).")
    if expected is not None and not _HASH.fullmatch(expected):
        raise ModelError(f"{expected!r} is no SHA-256; expected 64 hexadecimal digits.")
    if path is None and name not in KNOWN:
        raise ModelError(
            f"{name!r} is not known by name; known are {', '.join(KNOWN)}. A checkpoint of open_clip that is on this "
            f"machine is added with `engine models add {name} --from FILE`."
        )
    checkpoint = None if path is None else Checkpoint.find(path, architecture)
    if not is_installed("encoders"):
        raise ModelError(f"Adding an encoder needs the extra 'encoders': {extra_command('encoders')}.")
    source = Source("")
    if checkpoint is None:
        from engine.encoders.hub import fetch

        known = KNOWN[name]
        tell(f"Downloading {known.repository} from Hugging Face ...")
        fetched = fetch(name, known, revision)
        tell(f"This is commit {fetched.commit}.")
        checkpoint = Checkpoint.find(fetched.folder)
        source = Source("", repository=known.repository, commit=fetched.commit, licence=known.licence)
    if expected is not None and (found := sha256(checkpoint.weights)) != expected.lower():
        raise ModelError(f"{checkpoint.weights} has the SHA-256 {found}, expected {expected.lower()}; fetch it again.")
    return _converted(checkpoint, name, replace(source, file=checkpoint.weights.name), tell, gpu=gpu)


def _converted(checkpoint: Checkpoint, name: str, source: Source, tell: Tell, *, gpu: bool) -> EncoderConfig:
    from engine.encoders.conversion.convert import convert

    base = models_folder()
    try:
        base.mkdir(parents=True, exist_ok=True)
        with FileLock(base / ".lock"):
            _require_free(name)
            for left in base.glob(f"{_UNFINISHED}*"):  # by a run that was killed
                shutil.rmtree(left)
            unfinished = base / f"{_UNFINISHED}{name}"
            unfinished.mkdir()
            try:
                config = convert(checkpoint, name, unfinished, source, tell, gpu=gpu)
                unfinished.rename(base / name)
            finally:
                shutil.rmtree(unfinished, ignore_errors=True)
    except OSError as error:
        raise ModelError(
            f"The model cannot be kept in {base} ({error}); ENGINE_MODELS names another folder."
        ) from error
    return config


def remove_encoder(name: str) -> None:
    """Forget an encoder that was added; libraries that were made with it stay, and need it again to be searched.

    Raises:
        ModelError: none of the name was added, or its files cannot be removed.
    """
    folder = _require_added(name)
    try:
        gone = folder.with_name(f"{_UNFINISHED}{name}")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)  # in one step, so that no half of it is taken for a model
        shutil.rmtree(gone)
    except OSError as error:
        raise ModelError(f"The files in {folder} cannot be removed ({error}).") from error


def added_encoders() -> list[EncoderConfig]:
    """The encoders that were added, by name; damaged ones are left out."""
    found = []
    for folder in sorted(models_folder().glob("*")):
        if not folder.name.startswith(".") and is_encoder(folder):
            try:
                found.append(EncoderConfig.load(folder / CONFIG))
            except ModelError:
                continue
    return found


def added_encoder(name: str) -> EncoderConfig:
    """One that was added. Raises ModelError where none of the name was, or its configuration is damaged."""
    return EncoderConfig.load(_require_added(name) / CONFIG)


def _require_added(name: str) -> Path:
    folder = installed_folder(name)
    if folder is None:
        there = ", ".join(config.name for config in added_encoders()) or "none"
        raise ModelError(f"No model {name!r} was added; added are: {there}.")
    return folder


def _require_free(name: str) -> None:
    if not _NAME.fullmatch(name) or name in PRETRAINED:
        raise ModelError(
            f"{name!r} cannot be the name of a model: expected letters, digits, dots and dashes, and none of "
            f"{', '.join(PRETRAINED)}."
        )
    if installed_folder(name) is not None:
        raise ModelError(f"There is a model {name!r} already; `engine models remove {name}` removes it.")
