"""Augmentations: random changes of what a discriminator sees, real and generated alike."""
