"""Feature extractors for images: networks, pre-trained weights, and a cache."""
