"""``engine status``: what a library holds."""

import typer

from ui.cli import options
from ui.cli.console import print_json

EXAMPLES = ("engine status", "engine status --json --library ~/Pictures/library")


def command(json: options.Json = False, library: options.Library = None) -> None:
    """Say what a library holds, which model made it, and how much room it takes."""
    from engine.runtime.settings import library_address
    from index import read_status

    folder = library_address(library)
    status = read_status(folder)
    now = _fingerprint_now(status.model_name)
    is_earlier = bool(now) and now != status.fingerprint
    if json:
        print_json({
            "library": str(folder), "photos": status.photos, "missing": status.missing,
            "regions": status.regions, "sentences": status.sentences,
            "generated_sentences": status.generated_sentences,
            "model": status.model_name, "fingerprint": status.fingerprint, "dimension": status.dimension,
            "model_is_earlier": is_earlier,
            "bytes": status.total_bytes, "bytes_by_part": {
                "sqlite": status.sqlite_bytes, "vectors": status.vector_bytes, "faiss": status.faiss_bytes,
            },
            "models": [build.model_name for build in status.builds],
        })  # fmt: skip
        return
    rows = {
        "library": str(folder),
        "photos": f"{status.photos}{f' (and {status.missing} missing)' if status.missing else ''}",
        "regions": status.regions,
        "sentences": f"{status.sentences} ({status.generated_sentences} generated)",
        "model": f"{status.model_name} ({status.fingerprint[:8]})" if status.model_name else "none yet",
        **({"": f"an earlier one than here ({now[:8]}); `engine index` embeds the photos again"} if is_earlier else {}),
        "on disk": f"{status.total_bytes / 1e6:.1f} MB (catalogue {status.sqlite_bytes / 1e6:.1f}, "
        f"vectors {status.vector_bytes / 1e6:.1f}, index {status.faiss_bytes / 1e6:.1f})",
    }
    for name, value in rows.items():
        typer.echo(f"{name:<10} {value}")


def _fingerprint_now(model: str) -> str:
    """The fingerprint that a model has here; nothing where there is none of its name."""
    from engine.encoders.fingerprint import fingerprint_of
    from engine.errors import ModelError

    try:
        return fingerprint_of(model) if model else ""
    except ModelError:
        return ""
