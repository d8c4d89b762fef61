"""The page in a browser. Streamlit runs ``app.py``; no tensors and no SQL here."""
