"""The same work for several recipes and seeds, side by side: what ``gannet compare`` does."""
