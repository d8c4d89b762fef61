"""What a library is made of: indexing runs, changes on disk, roots, sentences, duplicates, browsing."""
