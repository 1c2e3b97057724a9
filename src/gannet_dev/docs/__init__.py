"""The pages of docs/ that are made from docstrings and results; ``scripts/make_docs.py`` writes them."""
