"""Pictures of results: boxes and labels on photos, contact sheets."""
