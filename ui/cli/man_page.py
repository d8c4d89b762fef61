"""The manual page ``engine(1)``, made of what ``--help`` shows."""

import re
from collections.abc import Iterator
from typing import Any

from ui.cli.help import examples_of

_FILES = (
    (
        r"\fBengine.toml\fR, \fBsettings.toml\fR",
        "Settings of a project and of the user; `engine config path` says where.",
    ),
    (
        r"\fBENGINE_LIBRARY\fR, \fBENGINE_MODEL\fR and others",
        "Settings in the environment; see `engine config --json`.",
    ),
)
_EXITS = (("0", "success"), ("1", "failure"), ("2", "wrong usage"), ("130", "interrupted"))


def man_page(command: Any) -> str:
    """The page of a command with all its verbs, in the language of man(7)."""
    lines = [
        '.\\" Made by scripts/man_page of the definitions of the commands; do not edit.',
        '.TH ENGINE 1 "" "" "User Commands"',
        ".SH NAME",
        "engine \\- semantic image search that shows which words were found where",
        ".SH SYNOPSIS",
        ".B engine",
        "[\\fIOPTIONS\\fR] \\fICOMMAND\\fR [\\fIARGUMENTS\\fR]",
        ".SH DESCRIPTION",
        *_prose(command.help),
        ".SH OPTIONS",
        *_parameters(command),
        ".SH COMMANDS",
        *_verbs(command, "engine"),
        ".SH FILES AND ENVIRONMENT",
        *(line for name, text in _FILES for line in (".TP", name, _text(text))),
        ".SH EXIT STATUS",
        *(line for status, text in _EXITS for line in (".TP", status, text)),
        ".SH EXAMPLES",
        *_examples(command),
    ]
    return "\n".join(lines) + "\n"


def _verbs(group: Any, words: str) -> Iterator[str]:
    for name, verb in group.commands.items():
        usage = " ".join(_text(piece) for piece in verb.collect_usage_pieces(_context(verb)))
        yield f".SS {words} {name} {usage}"
        yield from _prose(verb.help)
        yield from _parameters(verb)
        yield from _examples(verb)
        yield from _verbs(verb, f"{words} {name}") if hasattr(verb, "commands") else ()


def _parameters(command: Any) -> Iterator[str]:
    """Arguments, then options in their panels."""
    context = _context(command)
    panel = None
    parameters = command.get_params(context)
    options = [
        one
        for one in parameters
        if one.param_type_name == "option" and not one.hidden and (one.name != "help" or command.name == "engine")
    ]
    for one in parameters:
        if one.param_type_name == "argument":
            yield from (".TP", f"\\fI{_text(one.metavar or one.name.upper())}\\fR", _text(one.help))
    panels = list(dict.fromkeys(one.rich_help_panel for one in options))
    for one in sorted(options, key=lambda one: (one.rich_help_panel is not None, panels.index(one.rich_help_panel))):
        if one.rich_help_panel != panel:  # those without a panel come first
            panel = one.rich_help_panel
            yield from (".PP", f"\\fB{_text(panel)}\\fR")
        value = one.display_type_rich(context)
        spelling = ", ".join(f"\\fB{_text(name)}\\fR" for name in (*one.opts, *one.secondary_opts))
        yield ".TP"
        yield spelling + (f" \\fI{_text(value)}\\fR" if value else "")
        yield _text(one.help + _default(one))


def _default(option: Any) -> str:
    if option.default is None or isinstance(option.default, bool) or option.count:
        return ""
    return f" [default: {option.default}]"


def _examples(command: Any) -> Iterator[str]:
    examples = examples_of(command)
    if examples:
        yield from (".PP", "Examples:", ".nf", ".RS 4", *map(_text, examples), ".RE", ".fi")


def _prose(text: str | None) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", (text or "").strip()):
        yield from (".PP", _text(" ".join(paragraph.split())))


def _text(text: str) -> str:
    """Text as roff reads it: a backslash is one, a hyphen that may be typed too, and no line begins with a command."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped


def _context(command: Any) -> Any:
    return command.context_class(command, info_name=command.name)
