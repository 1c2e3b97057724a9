"""Priors: where the generator's input comes from."""
