"""The Pulumi plugin `tenantry-host`: App, Site and Routes of a host."""
