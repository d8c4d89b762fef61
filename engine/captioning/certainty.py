"""How sure a caption model is of what it says: a few numbers beside it, fitted to what people wrote about photos."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError, with_config

from engine.errors import ModelError

FILE = "certainty.json"


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Logistic:
    """p = sigmoid(bias + weights · features); from ``cut`` on it counts as likely."""

    weights: list[float]
    bias: float
    cut: float

    def __call__(
        self, features: NDArray[np.float64], offsets: NDArray[np.float64] | float = 0.0
    ) -> NDArray[np.float64]:
        """The probabilities (...) of features (..., F), of which each may have an offset of its own."""
        total = features @ np.array(self.weights) + self.bias + offsets
        return np.asarray(0.5 * (1 + np.tanh(0.5 * total)))  # does not overflow


@with_config(strict=True, extra="forbid")
@dataclass(frozen=True, slots=True)
class Certainty:
    """What says whether a caption is right, and what is surely seen; ``scripts/fit_certainty`` writes it.

    Attributes:
        captioner: fingerprint of the caption model that it was fitted to.
        alignment: of the alignment model.
        choice: how much the alignment score counts in the choice among the sentences of a beam.
        sentence: whether a sentence is right, by ``judging.SENTENCE_FEATURES``.
        names: whether a photo shows what an everyday name says, by ``EverydayNames.features``.
        offsets: what is added for each name.
    """

    captioner: str
    alignment: str
    choice: float
    sentence: Logistic
    names: Logistic
    offsets: Mapping[str, float]

    def save(self, folder: Path) -> None:
        """Write it into the folder of the caption model."""
        text = json.dumps(asdict(self), indent=1)
        (folder / FILE).write_text(text + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read it from the folder of a caption model; None where there is none.

        Raises:
            ModelError: it is damaged.
        """
        try:
            return TypeAdapter(cls).validate_json((folder / FILE).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            first = error.errors()[0] if isinstance(error, ValidationError) else error
            reason = f"{'.'.join(map(str, first['loc']))}: {first['msg']}" if isinstance(first, dict) else str(first)
            raise ModelError(
                f"{folder / FILE} cannot be read ({reason}); make it again with scripts/fit_certainty, or delete it: "
                "captions have no probability then."
            ) from error
