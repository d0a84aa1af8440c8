"""REST access to a Kubernetes API server."""
