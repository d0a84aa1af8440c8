"""Base of our own Pulumi providers."""
