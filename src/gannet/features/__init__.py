"""Feature extractors for images: networks, their weights, a cache."""
