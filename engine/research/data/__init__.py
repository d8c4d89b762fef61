"""Captioned data sets, their cached features, and batches of them."""
