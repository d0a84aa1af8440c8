"""The spec: templates and tenants, loaded, checked and resolved into plans."""
