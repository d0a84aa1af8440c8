"""A password that is made once and kept, `tenantry:index:Credential`."""
