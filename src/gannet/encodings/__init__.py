"""Encodings: fixed features of points at the input of a discriminator."""
