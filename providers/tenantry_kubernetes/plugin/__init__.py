"""Stand-in for the official kubernetes plugin."""
