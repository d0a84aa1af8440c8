"""Programs that run inside pods: standard library only, shipped as data in ConfigMaps, never imported by Tenantry."""
