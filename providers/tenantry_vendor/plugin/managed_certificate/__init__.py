"""The resource type `tenantry:index:ManagedCertificate`."""
