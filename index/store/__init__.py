"""Files of a library: append-only segments of vectors, where each file lies, the lock of the one writer."""
