"""Plain PyTorch loops that train what three recipes train: the baselines of `make bench` and the GPU checks."""
