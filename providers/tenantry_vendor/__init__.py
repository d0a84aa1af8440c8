"""Shared base of the ecosystem packages."""
