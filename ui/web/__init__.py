"""The page in a browser. Streamlit runs ``app.py``; no tensors and no SQL here."""

PUBLIC, PASSWORD = "ENGINE_UI_PUBLIC", "ENGINE_UI_PASSWORD"
"""The variables that say whether other machines are let in, and by which word."""
BASE = "ENGINE_UI_BASE_PATH"
"""The variable with the path that a proxy puts before the addresses of the pages."""
FOLDER = "ENGINE_UI_FOLDER"
"""The variable with the folder that the command was given in: relative paths start there."""
