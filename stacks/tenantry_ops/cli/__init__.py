"""The tenantry command."""
