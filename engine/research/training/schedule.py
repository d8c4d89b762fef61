"""The learning rate over a run."""

import math


def learning_rate_factor(step: int, num_steps: int, warmup: float) -> float:
    """Rises linearly over the first share ``warmup`` of the steps, then falls to zero along a cosine.

    >>> [round(learning_rate_factor(step, 100, 0.1), 2) for step in (0, 9, 10, 55, 99)]
    [0.1, 1.0, 1.0, 0.5, 0.0]
    """
    num_warmup = max(1, round(num_steps * warmup))
    if step < num_warmup:
        return (step + 1) / num_warmup
    return 0.5 * (1 + math.cos(math.pi * (step - num_warmup) / (num_steps - num_warmup)))
