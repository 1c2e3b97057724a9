"""Fixtures of every test: runs that training made."""

pytest_plugins = ["support.real_runs"]
