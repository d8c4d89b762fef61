"""The manifest: which FAISS file belongs to a library, and how to tell that it is whole.

It describes a file that is derived from the vectors. Where it is missing or cannot be read there is no FAISS index,
which is never an error: the index is made again.
"""

import json
import zlib
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import get_origin

from index.store.atomic import replace_file

MANIFEST = "manifest.json"
_READ_BYTES = 2**22


@dataclass(frozen=True, slots=True)
class Manifest:
    """One generation of the FAISS index: the build it was made of, the file, and the photo records it covers.

    `vectors_generation` is the build's: after a compaction the same numbers stand for other records. Rows of sentences
    are covered where there are very many. `difficulty` holds the factors of `recall_calibration`, measured among
    `difficulty_records` photo records.
    """

    generation: int
    build_id: int
    fingerprint: str
    faiss_file: str
    num_records: int
    num_bytes: int
    crc32: int
    vectors_generation: int = 0
    num_sentence_rows: int = 0
    difficulty_records: int = 0
    difficulty: list[float] = field(default_factory=list)


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a library, or None where there is none that can be understood."""
    try:
        values = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        manifest = Manifest(**values)
    except (OSError, ValueError, TypeError):
        return None
    expected = {field.name: field.type for field in fields(Manifest)}
    if any(type(getattr(manifest, name)) is not (get_origin(kind) or kind) for name, kind in expected.items()):
        return None
    # The name is joined to the folder: it must not lead out of it.
    return manifest if Path(manifest.faiss_file).name == manifest.faiss_file else None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest: a reader sees the old one or the new one, whatever happens. Raises OSError."""
    content = json.dumps(asdict(manifest), indent=2).encode() + b"\n"
    replace_file(folder / MANIFEST, lambda temporary: temporary.write_bytes(content))


def problem_with(folder: Path, manifest: Manifest) -> str | None:
    """What is wrong with the FAISS file that a manifest describes, or None when it is whole."""
    path = folder / manifest.faiss_file
    crc = 0
    try:
        size = path.stat().st_size
        if size != manifest.num_bytes:
            return f"holds {size} bytes, expected {manifest.num_bytes}"
        with path.open("rb") as file:
            while data := file.read(_READ_BYTES):
                crc = zlib.crc32(data, crc)
    except FileNotFoundError:
        return "is missing"
    return None if crc == manifest.crc32 else f"has checksum {crc:08x}, expected {manifest.crc32:08x}"
