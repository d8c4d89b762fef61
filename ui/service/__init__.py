"""The library over HTTP, for other programs. FastAPI serves ``app.py``; no tensors and no SQL here."""

TOKEN = "ENGINE_SERVE_TOKEN"
"""The variable with the word that every request has to know, where it is set."""
