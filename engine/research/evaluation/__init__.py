"""How good a model is: retrieval, proposals, grounding, concepts, calibration."""
