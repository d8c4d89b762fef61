"""The paper as research: data sets, training, evaluation. Only scripts and `engine evaluate` import it."""
