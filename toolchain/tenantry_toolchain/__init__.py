"""How the Pulumi engine and the test control plane are obtained: found, downloaded by the official installer, or built.

Entry points: `engine.ensure`, `controlplane.ensure`, `gatewayapi.crds`, `install.install`, `status.status`,
`status.drop_build_cache`, `doctor.checks`. Everything lives in one cache folder, see `folders.root`.
"""
