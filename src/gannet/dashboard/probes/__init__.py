"""Questions to the newest checkpoint of a run, answered in pictures: a process that a viewer starts, and never the trainer."""
