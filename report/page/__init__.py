"""The web page: what the experiments wrote, to read, to look at and to hear, as files that need no server."""
