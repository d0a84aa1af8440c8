"""What happens between an instance's data and its services: `tenantry:index:Migration` and `tenantry:index:Sweep`."""
