"""What tenant files and templates may say to this runtime: `runtime.account` and `extensions.kubernetes`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from tenantry_kubernetes.account import CONTROLLER_NAMESPACES
from tenantry_kubernetes.data_models import ExternalBucket, ExternalDatabase, OperatedDatabase, Storage
from tenantry_kubernetes.model_base import Component, HostName, Name, Network, Quantity, Strict, absolute, https
from tenantry_vendor.acme.model import Acme

AcmeServer = Acme | None


class SecretName(Strict):
    """Exactly one of an environment variable and a file; each holds a value that never enters the tenant file."""

    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None
    file: Annotated[str, AfterValidator(absolute)] | None = None

    @model_validator(mode="after")
    def _one(self) -> SecretName:
        if (self.env is None) == (self.file is None):
            raise ValueError("name exactly one of env and file")
        return self


class SecretReference(Strict):
    """`{ref: {env: NAME}}` or `{ref: {file: PATH}}`."""

    ref: SecretName


class Gateway(Strict):
    """A Gateway API Gateway of the cluster. `listener` names one of its listeners; without it, every one fits."""

    namespace: Name
    name: Name
    listener: Name | None = None


class Controllers(Strict):
    """Where requests come from: namespaces of the controller's pods, or addresses (CIDR) of a load balancer outside."""

    namespaces: tuple[Name, ...] = ()
    cidrs: tuple[Network, ...] = ()


class Routing(Strict):
    """How the cluster brings requests to services: a property of the cluster, not of the template.

    `kind: ingress` needs `class`, `kind: httproute` needs `gateway`. `host_suffix` gives instances without `domains`
    the host `<instance>.<host_suffix>`. `controllers` opens the network policies; known classes need not say it.
    """

    kind: Literal["ingress", "httproute"] = "ingress"
    ingress_class: Name | None = Field(default=None, alias="class")
    gateway: Gateway | None = None
    host_suffix: HostName | None = None
    controllers: Controllers | None = None

    @model_validator(mode="after")
    def _complete(self) -> Routing:
        if self.kind == "ingress":
            if self.gateway is not None:
                raise ValueError("gateway belongs to kind: httproute")
            if self.ingress_class is None:
                raise ValueError("kind: ingress needs class, the name of an IngressClass of the cluster")
            if self.controllers is None and self.ingress_class not in CONTROLLER_NAMESPACES:
                raise ValueError(
                    f"class {self.ingress_class!r} is not a known one "
                    f"({', '.join(sorted(CONTROLLER_NAMESPACES))}): say in controllers where its requests come from, "
                    "such as {namespaces: [my-ingress]} or {cidrs: [10.0.0.0/8]}"
                )
        else:
            if self.ingress_class is not None:
                raise ValueError("class belongs to kind: ingress")
            if self.gateway is None:
                raise ValueError("kind: httproute needs gateway: {namespace, name}")
        return self


class CertManager(Strict):
    """A cert-manager issuer of the cluster; it makes the certificates of domains with `tls: managed`."""

    issuer: Name
    kind: Literal["ClusterIssuer", "Issuer"] = "ClusterIssuer"


class Account(Strict):
    """The cluster that an instance runs on.

    `kubeconfig` refers to a variable that holds the path of a kubeconfig file, or to the file itself; `context` chooses
    one of its contexts. `cluster` is the UID of the namespace kube-system; the cluster must report the same.
    `bundles` is an address below which `<digest of a source tree>.tar.gz` answers, for sources that fit no ConfigMap.
    `images` has other images for source runtimes, such as mirrors: `python3.11: mirror.example.com/python@sha256:…`.
    `cert_manager` makes the certificates of domains with `tls: managed`. `architecture` is the processor of the nodes
    (their label kubernetes.io/arch); Python packages with compiled code are chosen for it.
    `databases` and `buckets` name, by component, what is there already or made by an operator; in a sandbox they are
    not used. `storage` is for the data of the others. `acme` makes certificates where the cluster has no cert-manager.
    """

    kubeconfig: SecretReference | None = None
    context: str | None = None
    cluster: Annotated[str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")] | None = None
    routing: Routing | None = None
    bundles: Annotated[str, AfterValidator(https)] | None = None
    images: dict[str, Annotated[str, Field(pattern=r"^[^\s]+$", max_length=512)]] = Field(default_factory=dict)
    cert_manager: CertManager | None = None
    architecture: Literal["amd64", "arm64"] = "amd64"
    databases: dict[Component, ExternalDatabase | OperatedDatabase] = Field(default_factory=dict)
    buckets: dict[Component, ExternalBucket] = Field(default_factory=dict)
    storage: Storage = Storage()
    acme: AcmeServer = None


class Egress(Strict):
    """Where an instance's services may connect to, beside one another and name resolution.

    `internet`: every public address; private and link-local networks, with the cloud's metadata address, stay closed.
    `cidrs`: more networks, such as a database of the company's own.
    """

    internet: Annotated[bool, Field(strict=True)] = True
    cidrs: tuple[Network, ...] = ()


class ComponentExtension(Strict):
    """What one service's image needs. `run_as_user`: a numeric user, where the image has none, or has it by name."""

    run_as_user: Annotated[int, Field(strict=True, ge=1, le=2_147_483_647)] | None = None
    read_only_root: Annotated[bool, Field(strict=True)] | None = None
    termination_grace_seconds: Annotated[int, Field(strict=True, ge=6, le=3600)] | None = None
    startup_seconds: Annotated[int, Field(strict=True, ge=5, le=1800)] | None = None


class Extensions(Strict):
    """`extensions.kubernetes`: what only this runtime understands.

    `databases` names the operator that makes a database, where the account says nothing else. `volumes`: the size of a
    component's volume, where the account says none.
    """

    egress: Egress = Egress()
    databases: dict[Component, OperatedDatabase] = Field(default_factory=dict)
    volumes: dict[Component, Quantity] = Field(default_factory=dict)
    cert_manager: CertManager | None = None
    components: dict[str, ComponentExtension] = Field(default_factory=dict)
