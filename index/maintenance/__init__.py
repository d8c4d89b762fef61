"""Upkeep of a library: verify it, repair it, compact it."""
