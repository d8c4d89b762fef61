"""What a search found: photos, regions and sentences, as values, as pictures, as HTML and as tables."""
