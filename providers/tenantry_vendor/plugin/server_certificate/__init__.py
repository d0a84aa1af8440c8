"""A server's certificate below a private authority of its own, `tenantry:index:ServerCertificate`."""
