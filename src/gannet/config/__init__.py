"""Parse what the user typed into typed keys and a plan of the run."""
