"""Tenantry: an app instance of its own for every tenant, at any vendor."""
