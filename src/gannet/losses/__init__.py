"""Losses: two-sided functions of a discriminator's raw scores. One file is one loss."""
