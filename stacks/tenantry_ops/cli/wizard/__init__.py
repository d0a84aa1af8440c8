"""The questions of `tenantry new tenant`, made from the same schema as a web form."""
