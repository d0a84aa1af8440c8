"""A runtime for Tenantry: app instances as plain processes on one host, behind one gateway.

`runtime`, `capabilities`, `models` and `declare` are the adapter; `plugin` is the Pulumi provider of the resources that
it declares; `daemon` is what runs on the host; `sandbox` starts such a daemon on this machine.
"""
