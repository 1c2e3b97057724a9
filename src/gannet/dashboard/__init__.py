"""The live view: a server in a separate process that reads run directories, and its page."""
