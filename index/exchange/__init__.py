"""Export of a library to open formats, and import."""
