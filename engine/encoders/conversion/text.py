"""The text tower without its table of tokens, which is looked up outside of it."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class _GivenRows(nn.Module):
    """Stands in the place of the table: gives the rows that were looked up."""

    def __init__(self, given: list[Tensor]) -> None:
        super().__init__()
        self._given = given

    def forward(self, ids: Tensor) -> Tensor:
        return self._given[-1]


class TextTower(nn.Module):
    """Token ids (N, L) and their rows of the table (N, L, W) → unit vectors (N, D).

    A table of 256,000 tokens is larger than the rest of the tower, and a text needs a few rows of it.
    """

    def __init__(self, model: Any) -> None:
        super().__init__()
        text = getattr(model, "text", model)
        self.table: Tensor = text.token_embedding.weight.detach()
        self._rows: list[Tensor] = []
        text.token_embedding = _GivenRows(self._rows)
        self.model: Any = model

    def forward(self, ids: Tensor, rows: Tensor) -> Tensor:
        """See the class."""
        self._rows[:] = [rows]
        return functional.normalize(self.model.encode_text(ids), dim=-1)


def example(context_length: int, width: int) -> tuple[Tensor, Tensor]:
    """Inputs to trace the tower with."""
    return torch.ones(2, context_length, dtype=torch.int64), torch.zeros(2, context_length, width)
