"""Questions to a library: text → photos, photo → sentences, photo → photos, and why."""
