"""The local Kubernetes sandbox."""
