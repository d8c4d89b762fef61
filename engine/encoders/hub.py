"""Checkpoints from Hugging Face, at one commit, compared with the SHA-256 that the hub says of them."""

from dataclasses import dataclass
from pathlib import Path

from engine.encoders.checkpoint import CONFIG, WEIGHTS
from engine.encoders.folder import TOKENIZER
from engine.encoders.known import KnownEncoder
from engine.errors import ModelError
from engine.runtime.files import sha256


@dataclass(frozen=True, slots=True)
class Fetched:
    """A folder with the files of a repository at a commit."""

    folder: Path
    commit: str


def fetch(name: str, known: KnownEncoder, revision: str | None) -> Fetched:
    """The files of a known encoder: of a commit, else of the newest, which is said and kept with the model.

    They stay in the cache of ``huggingface_hub``; a download that was interrupted goes on.

    Raises:
        ModelError: they cannot be had, or are not those that the hub says.
    """
    import huggingface_hub

    wanted = [CONFIG, WEIGHTS[0], TOKENIZER, "tokenizer_config.json"]
    try:
        info = huggingface_hub.HfApi().model_info(known.repository, revision=revision, files_metadata=True)
        commit = str(info.sha)
        folder = Path(huggingface_hub.snapshot_download(known.repository, revision=commit, allow_patterns=wanted))
    except Exception as error:  # of the network, of the hub, of the disk: there are many, with no common one
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise ModelError(
            f"{known.repository} cannot be downloaded from Hugging Face ({reason}). Fetch its files where there is a "
            f"network, and add them with `engine models add {name} --from FOLDER`."
        ) from error
    hashes = {file.rfilename: file.lfs.sha256 for file in info.siblings or [] if file.lfs is not None}
    for file, expected in hashes.items():
        if (folder / file).is_file() and sha256(folder / file) != expected:
            raise ModelError(
                f"{folder / file} has another SHA-256 than Hugging Face says; delete it, and add the model again."
            )
    return Fetched(folder, commit)
