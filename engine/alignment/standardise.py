"""Features at a common scale."""

import torch
from torch import Tensor, nn


class Standardise(nn.Module):
    """Centres and scales each channel of the region features by what they are in the training photos.

    Affine and fixed, so that eq. 1 stays what it is: only its W_m and b_m are learned from a better start.
    """

    def __init__(self, num_channels: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.zeros(num_channels))
        self.register_buffer("deviation", torch.ones(num_channels))

    def fit(self, features: Tensor) -> None:
        """Take the statistics of a sample of features (…, C)."""
        flat = features.reshape(-1, features.shape[-1])
        self.mean.copy_(flat.mean(dim=0))
        self.deviation.copy_(flat.std(dim=0).clamp(min=1e-3))

    def forward(self, features: Tensor) -> Tensor:
        """Features (…, C) → features (…, C)."""
        return (features - self.mean) / self.deviation
