"""The loop, and what must survive a restart. Knows games by their contract only, never by name."""
