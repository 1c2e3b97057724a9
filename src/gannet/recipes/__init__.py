"""Recipes: experiments as functions; the examples that people copy."""
