"""Descriptions of components from their docstrings and typed arguments, for ``gannet describe`` and the pages of
docs/.
"""
