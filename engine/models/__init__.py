"""Models: towers put together, which embed photos and texts into one space."""
