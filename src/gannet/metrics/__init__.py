"""Metrics: samples in, score cards out."""
