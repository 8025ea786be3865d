"""A speech enhancer, explained: which of what it hears opens and closes its mask."""
