"""The face: the command line and the web page, thin over the engine. No tensors, no SQL."""
