"""What components say about themselves: their docstrings and typed arguments, for ``gannet describe`` and for the pages of docs/."""
