"""One step of a training."""

import math

from torch import Tensor, nn
from torch.optim import Optimizer

from engine.errors import ModelError


def take_step(loss: Tensor, optimizer: Optimizer, rate: float, clip: float, clip_length: float) -> float:
    """Follow the gradient of a loss; returns the loss.

    Args:
        loss: of a batch.
        optimizer: of all parameters that are trained.
        rate: the learning rate of this step.
        clip: of each element of the gradient; 0 for none.
        clip_length: of the whole gradient; 0 for none.

    Raises:
        ModelError: the loss is no number any more; the weights are left as they were.
    """
    value = float(loss.detach())
    if not math.isfinite(value):
        raise ModelError(
            f"the training came to nothing: the loss of a batch is {value}. Lower the learning rate or set "
            "clip_length, and start again in another folder; the last checkpoint may be from before."
        )
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    if clip:
        nn.utils.clip_grad_value_(parameters, clip)
    if clip_length:
        nn.utils.clip_grad_norm_(parameters, clip_length)
    optimizer.step()
    return value
