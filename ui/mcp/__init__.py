"""The library as tools of assistants, over the Model Context Protocol; it only reads. No tensors and no SQL here."""
