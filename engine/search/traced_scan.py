"""The scores of records as a network, to be exported."""

import torch
from torch import Tensor, nn

from engine.runtime.onnx import Traced
from index import BuildSpec

RECORDS, WORDS, QUERIES = 3, 4, 2  # of the inputs that are traced


def traced(spec: BuildSpec) -> Traced:
    """Records (n, S, D) in half precision, columns (D, C + Q) and weights (C, Q) → Σ_t weight_t max_i v_i · s_t (n, Q).

    The columns are the words of Q queries and, in models with a global term, their sentence vectors.
    """
    columns = WORDS + QUERIES * spec.has_global
    inputs = {
        "records": torch.zeros(RECORDS, spec.rows_per_photo, spec.dimension, dtype=torch.half),
        "columns": torch.zeros(spec.dimension, columns),
        "weights": torch.zeros(WORDS, QUERIES),
    }
    free = {"records": {0: "records"}, "columns": {1: "columns"}, "weights": {0: "words", 1: "queries"}}
    return Traced(_Scores(spec), inputs, free)


class _Scores(nn.Module):
    def __init__(self, spec: BuildSpec) -> None:
        super().__init__()
        self.spec = spec

    def forward(self, records: Tensor, columns: Tensor, weights: Tensor) -> Tensor:
        products = records.float() @ columns  # (n, S, C + Q)
        num_regions, num_words = self.spec.num_regions, weights.shape[0]
        best = products[:, :num_regions, :num_words].amax(dim=1) @ weights
        return best + products[:, num_regions, num_words:] if self.spec.has_global else best
