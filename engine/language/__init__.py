"""Sentence → words: tokens, the vocabulary, fixed word vectors."""
