"""What every face shares: results as text and dictionaries, and filters as a person writes them."""
