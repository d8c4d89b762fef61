"""``engine models``: the models that libraries can be made with, and encoders that are added to them."""

from pathlib import Path
from typing import Annotated, Any

import typer

from ui.cli import completion, options
from ui.cli.console import note, print_json
from ui.cli.help import Command, Group, epilog
from ui.shared.results import printable

EXAMPLES = (
    "engine models list",
    "engine models add siglip2-b16-256",
    "engine models add mine --from ViT-B-32.safetensors --architecture ViT-B-32",
    "engine index --model siglip2-b16-256",
)

app = typer.Typer(cls=Group, no_args_is_help=True, epilog=epilog(EXAMPLES))
Added = Annotated[
    str, typer.Argument(metavar="NAME", autocompletion=completion.added_models, help="A model that was added.")
]


@app.callback()
def root() -> None:
    """List, add and remove models; `engine index --model NAME` makes a library with one."""


@app.command("list", cls=Command, epilog=epilog(("engine models list", "engine models list --json")))
def list_(json: options.Json = False) -> None:
    """List the models that come with the package, those that were added, and those that can be added by name."""
    from engine.alignment.folder import PRETRAINED
    from engine.encoders.installed import added_encoders
    from engine.encoders.known import KNOWN

    added = {config.name: config for config in added_encoders()}
    known = {name: found for name, found in KNOWN.items() if name not in added}
    if json:
        rows: list[dict[str, Any]] = [{"name": name, "state": "packaged"} for name in PRETRAINED]
        rows += [{"name": name, "state": "added", **_facts(name)} for name in added]
        rows += [{"name": name, "state": "known", **_known(name)} for name in known]
        print_json(rows)
        return
    for name in PRETRAINED:
        typer.echo(f"{name}: comes with the package")
    for name, config in added.items():
        typer.echo(
            f"{printable(name)}: added, {config.encoder.dimension} dimensions, {_megabytes(config.source.sizes)}"
        )
    for name, found in known.items():
        typer.echo(f"{name}: can be added; {found.licence}, languages: {found.languages}, {found.dimension} dimensions")


@app.command(
    cls=Command,
    no_args_is_help=True,
    epilog=epilog(
        (
            "engine models add siglip2-b16-256",
            "engine models add mine --from open_clip_model.safetensors",
            "engine models add mine --from ViT-B-32.safetensors --architecture ViT-B-32",
        )
    ),
)
def add(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="What the model is called, or one that is known by name.")
    ],
    path: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A safetensors checkpoint of open_clip, or a folder with one."),
    ] = None,
    architecture: Annotated[
        str | None,
        typer.Option(
            "--architecture",
            metavar="ARCHITECTURE",
            help="What open_clip calls the network; by default open_clip_config.json beside the file says it.",
        ),
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option("--revision", metavar="COMMIT", help="The commit to download; by default the newest."),
    ] = None,
    expected: Annotated[
        str | None, typer.Option("--sha256", metavar="SHA256", help="Refuse weights that have another SHA-256.")
    ] = None,
    gpu: Annotated[
        bool, typer.Option("--gpu", help="Keep weights for a GPU too, as is done where there is one in any case.")
    ] = False,
) -> None:
    """Convert an encoder of CLIP's kind, so that libraries can be made with it: downloaded, or from a file."""
    from engine.encoders.installed import add_encoder

    config = add_encoder(
        name, path, architecture=architecture, revision=revision, expected=expected, gpu=gpu, tell=note
    )
    size = _megabytes(config.source.sizes)
    typer.echo(f"{printable(name)} was added: {config.encoder.dimension} dimensions, {size} on disk.")
    note(f"`engine index --model {name} FOLDER` makes a library with it, or embeds the photos of one again.")


@app.command(cls=Command, no_args_is_help=True, epilog=epilog(("engine models remove mine",)))
def remove(name: Added) -> None:
    """Remove a model that was added; libraries stay, and need it again to be searched."""
    from engine.encoders.installed import remove_encoder

    remove_encoder(name)
    typer.echo(f"The model {printable(name)} is gone.")


@app.command(
    cls=Command, no_args_is_help=True, epilog=epilog(("engine models info mine", "engine models info mine --json"))
)
def info(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME",
            autocompletion=completion.models,
            help="A model that is packaged, added or known.",
        ),
    ],
    json: options.Json = False,
) -> None:
    """Say what is known of a model: where it came from, how large it is, how it sees photos."""
    from engine.encoders.known import KNOWN
    from engine.runtime.packaged import installed_folder

    facts = _known(name) if name in KNOWN and installed_folder(name) is None else _facts(name)
    if json:
        print_json({"name": name, **facts})
        return
    for key, value in facts.items():
        typer.echo(f"{key.replace('_', ' ')}: {printable(str(value))}")


def _facts(name: str) -> dict[str, Any]:
    from engine.alignment.folder import PRETRAINED
    from engine.encoders.installed import added_encoder
    from engine.runtime.settings import models_folder

    if name in PRETRAINED:
        return _packaged(name)
    config = added_encoder(name)
    encoder, source = config.encoder, config.source
    return {
        "folder": str(models_folder() / name), "fingerprint": config.fingerprint, "architecture": source.architecture,
        "file": source.file, "repository": source.repository or None, "commit": source.commit or None,
        "licence": source.licence or None, "sha256": encoder.weights, "dimension": encoder.dimension,
        "image_size": encoder.image_size, "resize": encoder.resize, "context_length": encoder.context_length,
        "phrase_weight": config.scoring.phrase_weight, "bytes": sum(source.sizes.values()),
    }  # fmt: skip


def _packaged(name: str) -> dict[str, Any]:
    from engine.alignment.folder import find_model, load_model

    model, folder = load_model(name), find_model(name)
    architecture = model.config.architecture
    return {
        "folder": str(folder), "fingerprint": model.fingerprint, "backbone": architecture.backbone,
        "word_vectors": architecture.word_vectors, "dimension": architecture.dimension,
        "image_size": architecture.image_size, "bytes": sum(path.stat().st_size for path in folder.iterdir()),
    }  # fmt: skip


def _known(name: str) -> dict[str, Any]:
    from engine.encoders.known import KNOWN

    found = KNOWN[name]
    return {
        "repository": found.repository, "licence": found.licence, "languages": found.languages,
        "dimension": found.dimension, "image_size": found.image_size,
    }  # fmt: skip


def _megabytes(sizes: dict[str, int]) -> str:
    return f"{sum(sizes.values()) / 1e6:,.0f} MB"
