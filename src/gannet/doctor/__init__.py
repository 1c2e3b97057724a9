"""What went wrong in a training, from its run directory alone."""
