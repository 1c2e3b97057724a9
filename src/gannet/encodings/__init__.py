"""Encodings: what a discriminator of points sees of a point."""
