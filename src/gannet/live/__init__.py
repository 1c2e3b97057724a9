"""Live control of a running training."""
