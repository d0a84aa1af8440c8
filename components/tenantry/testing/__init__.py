"""The conformance kit: what every runtime adapter must do, run against its sandbox.

It is parametrised from the registry, so an installed adapter cannot escape it. It asks for capabilities, never
for names.
An adapter's author installs the adapter beside Tenantry and runs:

```
python -m pytest --pyargs tenantry.testing.conformance
```

`TENANTRY_KIT_RUNTIMES` (names with commas between) limits the run. The rules are numbered as in the contracts page.
"""
