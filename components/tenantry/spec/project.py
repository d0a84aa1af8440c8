"""The project's settings: `tenantry.yaml` at the root."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, model_validator

from tenantry.spec.base import Id, Model, SpecFile, exactly_one, one_of_schema

_SECRETS: Final = ("path", "url")


class Backend(Model):
    """Where stacks' states are kept."""

    url: Annotated[str, Field(pattern=r"^(file|https?|s3|gs|azblob|postgres)://", max_length=1024)] = Field(
        description="The engine's backend URL; a relative file:// path begins at the project's root."
    )


class SecretsProvider(Model):
    """What encrypts the secrets in a stack's state: exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=one_of_schema(_SECRETS))

    path: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        default=None, description="Passphrase file, from the project's root; {instance} stands for the instance's id."
    )
    url: Annotated[str, Field(pattern=r"^(awskms|azurekeyvault|gcpkms|hashivault)://", max_length=1024)] | None = Field(
        default=None, description="The engine's URL of a key service."
    )

    @model_validator(mode="after")
    def _one(self) -> SecretsProvider:
        exactly_one(self, _SECRETS)
        return self


class TrustedPublisher(Model):
    """Somebody whose signatures of bundles count."""

    keys: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=1024)], ...], Field(min_length=1, max_length=20)
    ] = Field(description="PEM files with the publisher's Ed25519 public keys, from the project's root.")


class TrustSpec(Model):
    """Which bundles may be used."""

    require_signatures: bool = Field(
        default=False, description="Whether every template version must be a bundle that a trusted publisher signed."
    )
    publishers: dict[Id, TrustedPublisher] = Field(
        default_factory=dict, description="Publishers by a name of your choice, with their public keys."
    )


_BACKENDS: Final = {"default": Backend(url="file://.tenantry/state")}
_PROVIDERS: Final = {"passphrase-file": SecretsProvider(path=".tenantry/secrets/{instance}.passphrase")}


class ProjectSettings(SpecFile):
    """Settings of a project: catalogue, mode, trust, and the backends and secrets providers that tenant files name."""

    model_config = ConfigDict(title="Project")

    spec: Literal["tenantry/v1"] = Field(description="Version of the spec.")
    kind: Literal["Project"] = Field(description="What the file describes.")
    catalogue: Annotated[str, Field(min_length=1, max_length=1024)] = Field(
        default="templates",
        description="Folder with the templates, from the project's root; `shipped` means those in the package.",
    )
    mode: Literal["live", "sandbox"] = Field(default="sandbox", description="Real vendors, or local stand-ins.")
    backends: Annotated[dict[Id, Backend], Field(min_length=1)] = Field(
        default=_BACKENDS, description="Backends by name; tenant files choose with `state.backend`."
    )
    secrets: Annotated[dict[Id, SecretsProvider], Field(min_length=1)] = Field(
        default=_PROVIDERS, description="Secrets providers by name; tenant files choose with `state.secrets`."
    )
    trust: TrustSpec = Field(
        default=TrustSpec(), description="Whose bundles may be used; the templates in the package always may."
    )
