"""The Kubernetes runtime."""
