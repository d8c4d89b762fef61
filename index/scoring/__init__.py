"""Exact scores: late interaction (MaxSim) of regions and words, in memory and as vectors lie on disk."""
