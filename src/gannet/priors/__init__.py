"""Priors: distributions of the generator's latents."""
