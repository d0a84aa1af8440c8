"""The resource plugin `tenantry`: `pulumi-resource-tenantry` with the resource `tenantry:index:Identity`."""
