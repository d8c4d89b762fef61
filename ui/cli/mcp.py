"""``engine mcp``: the library as tools of an assistant."""

import os
import sys

from engine.runtime.extras import extra_command, is_installed
from ui.cli import options
from ui.cli.console import INTERRUPTED, fail, note, say_interrupted, warn

EXAMPLES = ("engine mcp", "engine mcp --library ~/Pictures/library")


def command(
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Let an assistant search a library and look at its photos, over the Model Context Protocol.

    The assistant's program starts this command and speaks to it over stdin and stdout; docs/mcp.md says how to tell it.
    Only photos of the library are shown, and nothing is written. It ends when its stdin does.
    """
    if not is_installed("mcp"):
        raise fail(f"The package mcp is needed, which is not installed; run `{extra_command('mcp')}`.")
    import logging

    from engine.runtime.settings import library_address
    from ui.mcp.library import AskedLibrary
    from ui.mcp.server import create_server

    logging.getLogger().addHandler(logging.NullHandler())  # or the package would show all that is logged, on stderr
    folder = library_address(library)
    if sys.stdin.isatty():
        note("This waits for a program that speaks the Model Context Protocol over stdin; Ctrl-C stops it.")
    try:
        create_server(AskedLibrary(folder, model=model, device=device, warn=warn), warn).run("stdio")
    except KeyboardInterrupt:
        say_interrupted()
        os._exit(INTERRUPTED)  # a thread waits for stdin, and Python would wait for that
