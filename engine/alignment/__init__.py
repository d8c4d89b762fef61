"""Regions and words in one space: scores, objective, the two towers, text segments."""
