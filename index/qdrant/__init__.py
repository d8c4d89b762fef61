"""Vectors of photos in Qdrant: points, and requests that score them there."""
