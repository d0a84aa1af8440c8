"""Entry points of stand-in images: scripts that run with the standard library alone."""
