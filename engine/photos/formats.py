"""The photo formats that we read: their names, their file extensions and how their content starts."""

RAW = "RAW"
"""What a camera's sensor saw, in the format of its maker; we read the preview inside."""

EXTENSIONS: dict[str, str] = {
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".jpe": "JPEG",
    ".jfif": "JPEG",
    ".mpo": "JPEG",
    ".png": "PNG",
    ".webp": "WEBP",
    ".gif": "GIF",
    ".bmp": "BMP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".hif": "HEIF",
    ".avif": "AVIF",
    **dict.fromkeys((".cr2", ".cr3", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"), RAW),
}
"""File extension, in lower case, to the format that it promises."""

PILLOW_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF")
"""Pillow's names, in the order they are tried.

A closed list keeps its rarer decoders, such as EPS, which runs a program, away from strange files.
"""

_ALIASES = {"MPO": "JPEG", "DIB": "BMP"}
_SIGNATURES = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF8", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),  # of more than 4 GB
    (b"MM\x00+", "TIFF"),
)


def canonical(pillow_format: str | None) -> str:
    """Our name of a format for Pillow's: a phone's multi-picture file (MPO) is a JPEG to everybody else."""
    name = pillow_format or "unknown"
    return _ALIASES.get(name, name)


def promised_by(extension: str) -> str | None:
    """The format that an extension such as ``.JPG`` promises; None where it promises none that we read."""
    return EXTENSIONS.get(extension.lower())


def signature_of(head: bytes) -> str | None:
    """The format whose signature the first 16 bytes of a file carry; None where it is none that we know.

    RAW files carry signatures of their makers, or that of TIFF, or that of HEIF: only their names tell them.
    """
    for signature, name in _SIGNATURES:
        if head.startswith(signature):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        return "AVIF" if head[8:12] in (b"avif", b"avis") else "HEIF"
    return None
