"""Sentences for photos and for regions of photos: the generator, its words, and how they are searched for."""
