"""Arrays in, pictures out; no files but the one asked for, no network."""
