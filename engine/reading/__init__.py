"""Text that stands in photos: signs, documents, screenshots."""
