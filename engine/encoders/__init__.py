"""Encoders of CLIP's kind: networks of two towers that were trained elsewhere, with regions and phrases of our own."""
