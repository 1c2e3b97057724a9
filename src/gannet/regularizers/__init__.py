"""Regularizers: penalties added to the discriminator's turn, and constraints applied to its weights."""
