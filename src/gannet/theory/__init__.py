"""Theory as functions of arrays: divergences, the optimal discriminator, optimal transport plans."""
