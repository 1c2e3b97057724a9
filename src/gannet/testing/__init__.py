"""Contracts of components as functions, to run on your own classes."""
