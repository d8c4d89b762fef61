"""The manifest: which FAISS file belongs to a library, and how to tell that it is whole.

It describes a file that is derived from the vectors. Where it is missing or cannot be read there is no FAISS index,
which is never an error: the index is made again.
"""

from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import get_origin

from index.store.checked_json import read_checked, write_checked
from index.store.checksums import crc32_of

MANIFEST = "manifest.json"


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
    values = read_checked(folder / MANIFEST)
    if values is None:
        return None
    try:
        manifest = Manifest(**values)
    except TypeError:
        return None
    expected = {field.name: field.type for field in fields(Manifest)}
    if any(type(getattr(manifest, name)) is not (get_origin(kind) or kind) for name, kind in expected.items()):
        return None
    # The name is joined to the folder: it must not lead out of it.
    return manifest if Path(manifest.faiss_file).name == manifest.faiss_file else None


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest: a reader sees the old one or the new one, whatever happens. Raises OSError."""
    write_checked(folder / MANIFEST, asdict(manifest))


def problem_with(folder: Path, manifest: Manifest) -> str | None:
    """What is wrong with the FAISS file that a manifest describes, or None when it is whole."""
    path = folder / manifest.faiss_file
    try:
        size = path.stat().st_size
        if size != manifest.num_bytes:
            return f"holds {size} bytes, expected {manifest.num_bytes}"
        crc = crc32_of(path, size)
    except FileNotFoundError:
        return "is missing"
    return None if crc == manifest.crc32 else f"has checksum {crc:08x}, expected {manifest.crc32:08x}"
