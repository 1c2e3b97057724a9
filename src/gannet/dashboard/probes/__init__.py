"""Questions to the newest checkpoint of a run, answered with images by a process of the live view."""
