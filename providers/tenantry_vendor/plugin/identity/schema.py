"""The identity in the plugin's schema, as `pulumi package get-schema` shows it."""

from __future__ import annotations

from typing import Final

from tenantry_vendor.plugin.identity.refusals import NULLABLE, PREVIOUS, REQUIRED

_TEXTS: Final = {
    "tenant": "The owner of the instance.",
    "instance": "The instance; equals the stack's name.",
    "mode": "`live` or `sandbox`.",
    "runtime": "Where the backend runs.",
    "account": "Fingerprint (`sha256:…`) of the account that the vendor reports for the credentials in use.",
    "declaredAccount": "Fingerprint of the account that the tenant file declares; none where it declares none.",
    "adopt": "Token of a retired instance whose kept data this stack takes; none where it takes none.",
    "template": "The deployed template version, `name@version`.",
    "planFingerprint": "Fingerprint (`sha256:…`) of the whole instance plan.",
}


def schema() -> dict[str, object]:
    """The resource type's entry in the plugin's schema."""
    properties = {name: {"type": "string", "description": text} for name, text in _TEXTS.items()}
    before = {"type": "string", "description": "The version before; none until the first change of version."}
    return {
        "description": (
            "Stamps tenant, instance, mode, runtime and account into a stack and refuses to take others. "
            "Import id: `<tenant>/<instance>/<mode>/<runtime>/<account>`."
        ),
        "inputProperties": properties,
        "requiredInputs": list(REQUIRED),
        "properties": properties | {PREVIOUS: before},
        "required": [name for name in _TEXTS if name not in NULLABLE],
    }
