"""A cloud of files: a runtime whose resources are JSON files in a folder, for tests of everything but vendors.

Installed in tests by its folder on PYTHONPATH. Steered by environment variables: TESTCLOUD_FOLDER holds the resources,
TESTCLOUD_ACCOUNT is what the cloud reports, TESTCLOUD_DELAY (seconds) lies between a resource's effect and its answer,
TESTCLOUD_FAIL names a resource that is refused.
"""
