"""Where template versions come from."""
