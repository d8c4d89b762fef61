"""How help shows a command: what a value is in place of its Python type, kinds of options apart, and real examples."""

import os
from collections.abc import Sequence
from typing import Any

from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

LOOK_FOR = "What to look for"
FILTERS = "Filters"
OUTPUT = "Output"
MODEL = "Model and library"
OTHER = "Other"

_HEADING = "Examples:"
_NEEDS_BACKSLASH = frozenset(" \t!\"#$&'()*;<>?[\\]^`{|}")


def epilog(examples: Sequence[str]) -> str:
    """The end of a command's help; Rich reads it as markup, so an example has no square brackets."""
    return "\n".join([_HEADING, *(f"  {example}" for example in examples)])


def examples_of(command: Any) -> list[str]:
    """The examples in a command's help, as they are typed."""
    heading, *lines = (command.epilog or "").splitlines() or [""]
    return [line.strip() for line in lines] if heading == _HEADING else []


class Argument(TyperArgument):
    """An argument whose name says what it is; Typer adds its type, as ``<list[Path]>``, and braces in the usage."""

    def display_type_rich(self, ctx: Any) -> str | None:
        """Nothing."""
        return None

    def get_usage_pieces(self, ctx: Any) -> list[str]:
        """``IMAGE``, ``[TEXT]`` where it may be left out, and dots where there may be several."""
        name = self.metavar or self.name.upper()
        return [(name if self.required else f"[{name}]") + ("..." if self.nargs != 1 else "")]


class Option(TyperOption):
    """An option that says what it takes; Typer says ``<bool>`` of a flag, and ``<int range>`` of a number."""

    def display_type_rich(self, ctx: Any) -> str | None:
        """Its metavar, else the values to choose from; nothing for a flag."""
        if self.metavar is not None:
            return self.metavar
        return None if self.is_flag or self.count else self.display_type(ctx).strip("<>")

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """Values to choose from; bash inserts them as they are, so a space among them needs its backslash."""
        items = super().shell_complete(ctx, incomplete)
        if os.environ.get("_ENGINE_COMPLETE") == "complete_bash":
            for item in items:
                item.value = "".join(f"\\{sign}" if sign in _NEEDS_BACKSLASH else sign for sign in item.value)
        return items


def _made_readable(parameters: Sequence[Any]) -> None:
    """Give parameters the classes above: Typer makes them of its own, and takes no others."""
    for parameter in parameters:
        parameter.__class__ = Argument if isinstance(parameter, TyperArgument) else Option


class Command(TyperCommand):
    """A verb."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _made_readable(self.params)

    def get_help_option(self, ctx: Any) -> Any:
        """``--help``, after the options of the verb."""
        return _last(super().get_help_option(ctx), self.params)


class Group(TyperGroup):
    """A command with verbs of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        _made_readable(self.params)

    def get_help_option(self, ctx: Any) -> Any:
        """``--help``, after the options of the command."""
        return _last(super().get_help_option(ctx), self.params)


def _last(help_option: Any, parameters: Sequence[Any]) -> Any:
    if help_option is not None:
        _made_readable([help_option])
        if any(getattr(parameter, "rich_help_panel", None) for parameter in parameters):
            help_option.rich_help_panel = OTHER
    return help_option
