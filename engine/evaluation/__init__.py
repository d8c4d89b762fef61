"""How good a model is: retrieval in both directions."""
