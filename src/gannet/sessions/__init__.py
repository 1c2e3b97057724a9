"""From a plan to a finished run: train, resume, fork."""
