"""The rules: every file here is one, named like it, and found by it."""
