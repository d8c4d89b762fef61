"""How help shows a command: what a value is in place of its Python type, kinds of options apart, and real examples."""

import inspect
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


class Command(TyperCommand):
    """A verb."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.help = _unwrapped(self.help)

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, ``--help`` last."""
        return _readable(super().get_params(ctx))


class Group(TyperGroup):
    """A command with verbs of its own."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.help = _unwrapped(self.help)

    def get_params(self, ctx: Any) -> list[Any]:
        """Its parameters, ``--help`` last."""
        return _readable(super().get_params(ctx))


def _readable(parameters: list[Any]) -> list[Any]:
    """Parameters of the classes above: Typer makes them of its own, and takes no others."""
    for parameter in parameters:
        parameter.__class__ = Argument if isinstance(parameter, TyperArgument) else Option
    in_panels = any(parameter.rich_help_panel for parameter in parameters)
    for parameter in parameters:
        if parameter.name == "help" and in_panels:
            parameter.rich_help_panel = OTHER
    return parameters


def _unwrapped(text: str | None) -> str | None:
    """Paragraphs of one line each: Typer keeps the ends of lines in all but the first."""
    return text and "\n\n".join(" ".join(part.split()) for part in inspect.cleandoc(text).split("\n\n"))
