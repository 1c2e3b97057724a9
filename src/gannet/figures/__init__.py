"""Figures drawn from arrays. Nothing here uses the network, and only the requested file is written."""
