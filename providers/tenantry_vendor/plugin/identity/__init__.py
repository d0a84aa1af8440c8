"""The identity of a stack, `tenantry:index:Identity`, and the entry point of its plugin."""
