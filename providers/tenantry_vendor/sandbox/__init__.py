"""Base of the sandboxes."""
