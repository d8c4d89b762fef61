"""The command line, one file a verb. torch is imported inside a verb, so that help is instant."""
