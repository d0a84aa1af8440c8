"""The kit's tests: `python -m pytest --pyargs tenantry.testing.conformance`."""
