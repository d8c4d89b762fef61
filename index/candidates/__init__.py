"""Nearest-neighbour candidates: which photos, or sentences, are worth an exact score. Derived from the vectors."""
