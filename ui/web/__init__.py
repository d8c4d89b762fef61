"""The page in a browser. Streamlit runs ``app.py``; no tensors and no SQL here."""

PUBLIC, PASSWORD = "ENGINE_UI_PUBLIC", "ENGINE_UI_PASSWORD"
"""The variables that say whether other machines are let in, and by which word."""
