"""The contracts that adapters keep."""
