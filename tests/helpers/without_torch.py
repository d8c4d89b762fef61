"""Commands where torch cannot be imported: without_torch.py COMMANDS ANSWERS, two files of JSON."""

import json
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path


class NoTorch(MetaPathFinder):
    """Refuses torch and all that belongs to it."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Raise ImportError for torch, and leave all else to others."""
        if name.partition(".")[0] in {"torch", "torchvision", "efficientnet_lite_pytorch"}:
            raise ImportError(f"{name} must not be imported here")


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    sys.meta_path.insert(0, NoTorch())

    from typer.testing import CliRunner

    from ui.cli.main import app

    commands, answers = map(Path, sys.argv[1:])
    done = [CliRunner().invoke(app, words) for words in json.loads(commands.read_text(encoding="utf-8"))]
    said = [[one.exit_code, one.stdout, one.stderr + (repr(one.exception) if one.exception else "")] for one in done]
    answers.write_text(json.dumps(said), encoding="utf-8")
