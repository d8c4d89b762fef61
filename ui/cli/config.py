"""``engine config``: every setting, its value and where it comes from; and changing the files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ui.cli import completion, options
from ui.cli.console import note, print_json
from ui.cli.help import Command, Group, epilog
from ui.shared.results import printable, shown_path

if TYPE_CHECKING:
    from engine.runtime.setting_files import Found, SettingFile

ORIGINS = {"environment": "environment", "project": "project file", "user": "user file", "default": "built-in default"}

EXAMPLES = ("engine config", "engine config set limit 20", "engine config --json")

app = typer.Typer(cls=Group, epilog=epilog(EXAMPLES))
Name = Annotated[
    str,
    typer.Argument(
        metavar="NAME", autocompletion=completion.settings, help="The name of a setting, as `engine config` lists it."
    ),
]
Project = Annotated[bool, typer.Option("--project", help="Of the project, in engine.toml, instead of the user.")]


@app.callback(invoke_without_command=True)
def show(context: typer.Context, json: options.Json = False) -> None:
    """List every setting with its value and where it comes from.

    An option of a command goes before the environment, this before the project's file (engine.toml in the current
    folder, or the nearest one above it), this before the user's file, and this before the built-in default.
    `engine evaluate` takes no setting from files, so that its figures can be repeated.
    """
    if context.invoked_subcommand is not None:
        return
    from engine.runtime.setting_files import SettingPlaces
    from engine.runtime.settings import SETTINGS

    places = SettingPlaces.read()
    found = [places.find(setting) for setting in SETTINGS.values()]
    if json:
        print_json([_as_dict(one) for one in found])
        return
    values = [printable(_as_text(one)) for one in found]
    width = max(map(len, values))
    for one, value in zip(found, values, strict=True):
        place = f" {printable(one.place)}" if one.place else ""
        typer.echo(f"{one.setting.name:<17}{value:<{width}}  {ORIGINS[one.origin]}{place}")


@app.command(cls=Command, epilog=epilog(("engine config path",)))
def path() -> None:
    """Say where the files of settings are."""
    from engine.runtime.setting_files import PROJECT_FILE, project_file
    from engine.runtime.settings import user_file

    project, user = project_file(), user_file()
    typer.echo(f"user file     {printable(str(user))}{'' if user.is_file() else '  (not there)'}")
    nowhere = f"none: there is no {PROJECT_FILE} in this folder or one above it"
    typer.echo(f"project file  {nowhere if project is None else printable(str(project.path))}")


@app.command(
    "set", cls=Command, epilog=epilog(("engine config set limit 20", "engine config set model ./mine --project"))
)
def set_value(
    name: Name,
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE",
            autocompletion=completion.setting_values,
            help="Its value; a model folder is written with a slash, as ./mine.",
        ),
    ],
    project: Project = False,
) -> None:
    """Write a setting into the user's file, or the project's. The rest of the file stays as it is."""
    from engine.runtime.setting_files import find_setting

    setting = find_setting(name, "engine config set")
    file = _file(project)
    file.write(setting, setting.parse(value, "engine config set"))
    note(f"Wrote {name} to {file.path}.")


@app.command(cls=Command, epilog=epilog(("engine config unset limit", "engine config unset model --project")))
def unset(name: Name, project: Project = False) -> None:
    """Take a setting out of the user's file, or the project's."""
    from engine.runtime.setting_files import find_setting

    file = _file(project)
    if file.write(find_setting(name, "engine config unset"), None):
        note(f"Took {name} out of {file.path}.")
    else:
        note(f"{file.path} did not set {name}.")


def _file(project: bool) -> "SettingFile":
    from engine.runtime.setting_files import PROJECT_FILE, SettingFile, project_file
    from engine.runtime.settings import user_file

    if project:
        return project_file() or SettingFile(Path.cwd() / PROJECT_FILE, project=True)
    return SettingFile(user_file(), project=False)


def _as_dict(found: "Found") -> dict[str, Any]:
    return {
        "name": found.setting.name,
        "value": found.shown,
        "origin": found.origin,
        "place": found.place,
        "variable": found.setting.variable,
        "help": found.setting.help,
    }


def _as_text(found: "Found") -> str:
    if found.value is None:
        return f"({found.setting.otherwise})"
    return shown_path(found.folder) if found.folder else str(found.shown)
