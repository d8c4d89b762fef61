"""Training: one resumable loop for every architecture."""
