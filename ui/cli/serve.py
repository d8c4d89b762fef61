"""``engine serve``: the same over HTTP, for other programs."""

import os
from typing import Annotated

import typer

from engine.runtime.extras import extra_command, is_installed
from ui.cli import options
from ui.cli.console import fail, note, warn
from ui.service import TOKEN
from ui.service.local_hosts import is_local

LEAST_LETTERS = 16  # of a token
EXAMPLES = ("engine serve", "engine serve --port 0 --threads 4", "engine serve --public")


def command(
    host: Annotated[
        str | None,
        typer.Option(
            "--host", metavar="ADDRESS", help="The address to listen at; by default 127.0.0.1, with --public 0.0.0.0."
        ),
    ] = None,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, metavar="PORT", help="Where; 0 takes a free port.")
    ] = 8000,
    public: Annotated[
        bool,
        typer.Option("--public", help=f"Let other machines in that know the token, which is taken from {TOKEN}."),
    ] = False,
    threads: Annotated[
        int, typer.Option("--threads", min=1, max=64, metavar="N", help="How many questions at a time.")
    ] = 8,
    queue: Annotated[
        int,
        typer.Option("--queue", min=0, max=10_000, metavar="N", help="How many wait for their turn; more are refused."),
    ] = 64,
    library: options.Library = None,
    model: options.Model = None,
    device: options.Device = "auto",
) -> None:
    """Answer questions about a library over HTTP, to programs on this machine alone unless --public is given.

    The addresses are /search, /similar, /sentences, /captions, /align, /photo/NUMBER with /thumbnail and /image,
    /indexing, /health and /metrics; /openapi.json describes them, and /docs is a page to try them on.
    SIGTERM and Ctrl-C let it finish the answers it has begun.
    """
    if not is_installed("serve"):
        raise fail(f"The service needs FastAPI, which is not installed; run `{extra_command('serve')}`.")
    host = host or ("0.0.0.0" if public else "127.0.0.1")
    if not public and not is_local(host):
        raise fail(f"{host} lets other machines in; say so with --public, and set {TOKEN}.")
    token = os.environ.get(TOKEN) or None
    if (public or token) and len(token or "") < LEAST_LETTERS:
        asks = "--public asks for a token" if public else "The token is too short"
        raise fail(f"{asks}: set {TOKEN} to at least {LEAST_LETTERS} characters.")
    from engine.runtime.settings import library_address
    from engine.runtime.threads import answer_in_one_thread_each
    from engine.sharing import SharedEngine
    from ui.service.app import create_app
    from ui.service.server import BACKLOG, bound, serve

    try:
        listening = bound(host, port)
    except OSError as error:
        raise fail(f"Port {port} of {host} cannot be used: {error.strerror or error}; choose with --port.") from error
    with listening:
        shared = SharedEngine(library_address(library), model=model, device=device, warn=warn)
        shared.load()
        answer_in_one_thread_each()
        app = create_app(shared, threads=threads, queue=queue, token=token, local=not public, commands=True)
        if public:
            warn(
                f"Whoever reaches port {port} of this machine and knows the token sees every photo of the library in "
                f"{shared.folder}, with its path and its place, over a connection that is not encrypted."
            )
        listening.listen(BACKLOG)  # whoever comes from now on is answered
        name = f"[{host}]" if ":" in host else host
        note(f"Serving the library in {shared.folder} at http://{name}:{listening.getsockname()[1]}; Ctrl-C stops.")
        serve(app, listening, app.state.stop)
    note("Stopped.")
