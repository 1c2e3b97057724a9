"""Contracts to run on your own components."""
