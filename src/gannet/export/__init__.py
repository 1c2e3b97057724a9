"""Trained networks as files for other programs: `gannet export`."""
