"""The run directory: written by training, read by everything that looks at it."""
