"""``engine doctor``: what works here, what is slow and why, to look at or to attach to a report."""

from typing import TYPE_CHECKING, Any

import typer

from ui.cli import options
from ui.cli.console import FAILURE, print_json
from ui.shared.results import printable

if TYPE_CHECKING:
    from engine.runtime.setting_files import Found

EXAMPLES = ("engine doctor", "engine doctor --json > report.json")


def command(json: options.Json = False, library: options.Library = None, model: options.Model = None) -> None:
    """Say what is installed here, what is broken, and what is slow and why.

    No photo is named, nothing is written and no network is opened. Exit status 1 where something is broken.
    """
    from engine.checkup import Checkup, short_path
    from engine.runtime.settings import library_address

    settings, trouble = _settings()
    values = {found.setting.name: found.value for found in settings}
    seen = Checkup(
        library_address(library or _text(values.get("library"))),
        model or _text(values.get("model")),
    )
    broken = [*trouble, *seen.broken]
    sources = [
        {
            "name": one.setting.name,
            "value": short_path(one.folder) if one.folder else one.shown,
            "origin": one.origin,
        }
        for one in settings
    ]
    if json:
        print_json({**seen.parts, "settings": sources, "broken": broken, "remarks": seen.remarks})
    else:
        for part, found in seen.parts.items():
            typer.echo(part)
            for name, value in found.items():
                typer.echo(f"  {name:<22} {printable(_shown(name, value))}")
        typer.echo("settings")
        for one, source in zip(settings, sources, strict=True):
            value = f"({one.setting.otherwise})" if one.value is None else str(source["value"])
            typer.echo(f"  {one.setting.name:<22} {printable(value)}  {one.origin}")
        for heading, sentences in (("broken", broken), ("slow", seen.remarks)):
            for sentence in sentences:
                typer.echo(f"{heading}: {printable(sentence)}")
        typer.echo("Something is broken." if broken else "Nothing is broken.")
    if broken:
        raise typer.Exit(FAILURE)


def _settings() -> "tuple[list[Found], list[str]]":
    """Every setting with its value and where it comes from, and what is wrong with them."""
    from engine.errors import EngineError
    from engine.runtime.setting_files import SettingPlaces
    from engine.runtime.settings import SETTINGS

    found: list[Found] = []
    trouble: list[str] = []
    try:
        places = SettingPlaces.read()
    except EngineError as error:
        return [], [str(error)]
    for setting in SETTINGS.values():
        try:
            found.append(places.find(setting))
        except EngineError as error:
            trouble.append(str(error))
    return found, trouble


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _shown(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_shown(key, inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    if "bytes" in name and value is not None:
        return f"{value / 1e6:.1f} MB"
    return {None: "unknown" if name in ("bfloat16", "disk") else "none", True: "yes", False: "no"}.get(
        value, str(value)
    )
