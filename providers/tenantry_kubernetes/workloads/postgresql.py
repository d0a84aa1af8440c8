"""A PostgreSQL server of the instance's own: the official image, TLS only, and an application role for one database."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.cluster import runtime_annotation
from tenantry_kubernetes.servers import database_image
from tenantry_kubernetes.workloads.bindings import Binding, authority_map
from tenantry_kubernetes.workloads.database import PORTS, SIZES, identifier, own_fields
from tenantry_kubernetes.workloads.manifest import Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE
from tenantry_kubernetes.workloads.network import data_policy
from tenantry_kubernetes.workloads.sizes import memory
from tenantry_kubernetes.workloads.stateful import (
    CONFIG,
    CONFIG_ANNOTATION,
    DATA,
    SERVER,
    Server,
    generated_checksum,
    secret_volume,
    server_service,
    stateful_set,
    volume_claim,
)

if TYPE_CHECKING:
    import pulumi

    from tenantry.spec.plan import DatabasePlan, InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.generated import Generated
    from tenantry_kubernetes.workloads.manifest import Body

_HBA: Final = """\
# Whoever can open the socket is inside the pod already; from outside only with TLS and a password.
local all all trust
hostssl all all all scram-sha-256
"""
_APPLICATION: Final = """\
\\set role `printf %s "$APPLICATION_USER"`
\\set name `printf %s "$APPLICATION_DATABASE"`
\\set password `cat "$APPLICATION_PASSWORD_FILE"`
CREATE ROLE :"role" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"role";
REVOKE CONNECT ON DATABASE :"name", postgres, template1 FROM PUBLIC;
"""
_HBA_FILE: Final = "pg_hba.conf"
_APPLICATION_FILE: Final = "10-application.sql"
_MIB: Final = 2**20


def postgresql_objects(
    plan: InstancePlan, database: DatabasePlan, *, cluster: Cluster, generated: Generated
) -> tuple[list[Manifest], Binding]:
    """Everything of one server, and what its clients get."""
    size = SIZES[database.size]
    image = database_image(database, cluster.account.images)
    ports = (("postgresql", PORTS["postgresql"]),)
    password = generated.secrets[database.id]
    held = {
        "password": password,
        "admin-password": generated.secrets[f"{database.id}.admin"],
        "tls.crt": generated.certificates[database.id].certificate,
        "tls.key": generated.certificates[database.id].key,
    }
    config = _config(plan, database)
    secret = server_secret(plan, database.id, held)
    trusted, authority = authority_map(plan, database.id, generated.certificates[database.id].authority)
    claim = volume_claim(plan, database.id, size.storage, cluster)
    name = identifier(database.id)
    server = Server(
        component=database.id,
        image=image.image,
        run_as=image.run_as,
        args=(
            "postgres",
            *_settings(
                hba_file=f"{CONFIG}/{_HBA_FILE}",
                ssl="on",
                ssl_cert_file=f"{SERVER}/tls.crt",
                ssl_key_file=f"{SERVER}/tls.key",
                ssl_min_protocol_version="TLSv1.2",
                password_encryption="scram-sha-256",  # noqa: S106 - the name of a method
                shared_buffers=f"{size.resources.memory_bytes // 4 // _MIB}MB",
                max_connections=str(size.connections),
            ),
        ),
        env=tuple(
            {"name": key, "value": value}
            for key, value in {
                "PGDATA": f"{DATA}/pgdata",
                "POSTGRES_USER": "postgres",
                "POSTGRES_DB": "postgres",
                "POSTGRES_PASSWORD_FILE": f"{SERVER}/admin-password",
                "POSTGRES_INITDB_ARGS": "--encoding=UTF8 --locale=C.UTF-8 --data-checksums",
                "APPLICATION_USER": name,
                "APPLICATION_DATABASE": name,
                "APPLICATION_PASSWORD_FILE": f"{SERVER}/password",
            }.items()
        ),
        ports=ports,
        resources=size.resources,
        mounts=(
            {"name": "server", "mountPath": SERVER, "readOnly": True},
            {"name": "config", "mountPath": CONFIG, "readOnly": True},
            {"name": "init", "mountPath": "/docker-entrypoint-initdb.d", "readOnly": True},
            {"name": "run", "mountPath": "/var/run/postgresql"},
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108 - inside the pod, its own volume
        ),
        volumes=(
            secret_volume("server", database.id, tuple(held)),
            _file("config", database.id, _HBA_FILE),
            _file("init", database.id, _APPLICATION_FILE),
            {"name": "run", "emptyDir": {"sizeLimit": "16Mi"}},
            # Container engines give 64 MB, which parallel queries outgrow.
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": memory(size.resources.memory_bytes // 4)}},
        ),
        annotations={
            CONFIG_ANNOTATION: hashlib.sha256(_HBA.encode()).hexdigest()[:32],
            **generated_checksum(held),
            **runtime_annotation(cluster, image.image, image.runtime),
        },
    )
    policy = data_policy(plan, database.id, ports=[PORTS["postgresql"]], cluster=None)
    objects = [config, secret, trusted, claim, policy]
    objects += [
        server_service(plan, database.id, ports),
        stateful_set(plan, server, after=tuple(each.key for each in objects)),
    ]
    binding = Binding(
        component=database.id,
        fields=own_fields(plan, database, password, service=database.id),
        authority=authority,
        ready=(("StatefulSet", database.id), ("Service", database.id), trusted.key),
    )
    return objects, binding


def server_secret(
    plan: InstancePlan, component: str, values: dict[str, pulumi.Output[str]], *, kind: str = "Opaque"
) -> Manifest:
    """The Secret whose keys are what a server reads."""
    body = head(plan, "v1", "Secret", component, component=component)
    body["type"] = kind
    body["data"] = {name: value.apply(_base64) for name, value in values.items()}
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def _config(plan: InstancePlan, database: DatabasePlan) -> Manifest:
    body = head(plan, "v1", "ConfigMap", database.id, component=database.id)
    body["data"] = {_HBA_FILE: _HBA, _APPLICATION_FILE: _APPLICATION}
    return Manifest(logical=database.id, component=database.id, body=body, after=(NAMESPACE,))


def _settings(**values: str) -> tuple[str, ...]:
    return tuple(word for name, value in values.items() for word in ("-c", f"{name}={value}"))


def _file(volume: str, config_map: str, name: str) -> Body:
    items = [{"key": name, "path": name}]
    return {"name": volume, "configMap": {"name": config_map, "items": items, "defaultMode": 0o444}}


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
