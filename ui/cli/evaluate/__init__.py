"""``engine evaluate``: how good a model is, on annotated photos; one file a verb."""

from typing import Any

import typer

from ui.cli.evaluate import attributes, calibration, captions, concepts, grounding, proposals, retrieval, words
from ui.cli.help import Command, Group, epilog

VERBS: dict[str, Any] = {
    "retrieval": retrieval,
    "grounding": grounding,
    "proposals": proposals,
    "concepts": concepts,
    "attributes": attributes,
    "calibration": calibration,
    "words": words,
    "captions": captions,
}
EXAMPLES = (
    "engine evaluate retrieval --data flickr8k --split val",
    "engine evaluate grounding --data flickr8k",
)

app = typer.Typer(cls=Group, no_args_is_help=True, help="Measure a model on captioned photos.", epilog=epilog(EXAMPLES))
for name, verb in VERBS.items():
    app.command(name, cls=Command, epilog=epilog(verb.EXAMPLES), no_args_is_help=True)(verb.command)


@app.callback()
def root() -> None:
    """Measure a model on captioned photos."""
