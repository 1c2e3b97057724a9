"""From what the user typed to a plan: keys, their types, everything a run needs."""
