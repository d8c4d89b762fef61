"""One step of a training."""

from torch import Tensor, nn
from torch.optim import Optimizer


def take_step(loss: Tensor, optimizer: Optimizer, rate: float, clip: float, clip_length: float) -> None:
    """Follow the gradient of a loss.

    Args:
        loss: of a batch.
        optimizer: of all parameters that are trained.
        rate: the learning rate of this step.
        clip: of each element of the gradient; 0 for none.
        clip_length: of the whole gradient; 0 for none.
    """
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
