"""The command line where torch cannot be imported: python tests/helpers/without_torch.py VERB ..."""

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

    from ui.cli.main import run

    run()
