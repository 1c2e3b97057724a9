"""The live view: a server of its own process that reads run directories, and the page that it serves."""
