"""A MySQL server of the instance's own: the official image, TLS only, an application user for one database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tenantry_kubernetes.cluster import runtime_annotation
from tenantry_kubernetes.servers import database_image
from tenantry_kubernetes.workloads.bindings import Binding, authority_map
from tenantry_kubernetes.workloads.database import PORTS, SIZES, identifier, own_fields
from tenantry_kubernetes.workloads.network import data_policy
from tenantry_kubernetes.workloads.postgresql import server_secret
from tenantry_kubernetes.workloads.stateful import (
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
    from tenantry.spec.plan import DatabasePlan, InstancePlan
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.generated import Generated
    from tenantry_kubernetes.workloads.manifest import Manifest


def mysql_objects(
    plan: InstancePlan, database: DatabasePlan, *, cluster: Cluster, generated: Generated
) -> tuple[list[Manifest], Binding]:
    """Everything of one server, and what its clients get."""
    size = SIZES[database.size]
    image = database_image(database, cluster.account.images)
    ports = (("mysql", PORTS["mysql"]),)
    password, certificate = generated.secrets[database.id], generated.certificates[database.id]
    held = {
        "password": password,
        "admin-password": generated.secrets[f"{database.id}.admin"],
        "ca.pem": certificate.authority,
        "tls.crt": certificate.certificate,
        "tls.key": certificate.key,
    }
    secret = server_secret(plan, database.id, held)
    trusted, authority = authority_map(plan, database.id, certificate.authority)
    claim = volume_claim(plan, database.id, size.storage, cluster)
    name = identifier(database.id)
    server = Server(
        component=database.id,
        image=image.image,
        run_as=image.run_as,
        args=(
            "mysqld",
            f"--datadir={DATA}/mysql",
            "--socket=/var/run/mysqld/mysqld.sock",
            "--pid-file=/var/run/mysqld/mysqld.pid",
            "--secure-file-priv=NULL",
            "--mysqlx=OFF",
            "--require-secure-transport=ON",
            "--tls-version=TLSv1.2,TLSv1.3",
            f"--ssl-ca={SERVER}/ca.pem",
            f"--ssl-cert={SERVER}/tls.crt",
            f"--ssl-key={SERVER}/tls.key",
            "--character-set-server=utf8mb4",
            f"--innodb-buffer-pool-size={size.resources.memory_bytes // 2}",
            f"--max-connections={size.connections}",
        ),
        env=tuple(
            {"name": key, "value": value}
            for key, value in {
                "MYSQL_DATABASE": name,
                "MYSQL_USER": name,
                "MYSQL_PASSWORD_FILE": f"{SERVER}/password",
                "MYSQL_ROOT_PASSWORD_FILE": f"{SERVER}/admin-password",
                # The administrator comes in by the socket alone.
                "MYSQL_ROOT_HOST": "localhost",
            }.items()
        ),
        ports=ports,
        resources=size.resources,
        mounts=(
            {"name": "server", "mountPath": SERVER, "readOnly": True},
            {"name": "run", "mountPath": "/var/run/mysqld"},
        ),
        volumes=(
            secret_volume("server", database.id, tuple(held)),
            {"name": "run", "emptyDir": {"sizeLimit": "16Mi"}},
        ),
        annotations={**generated_checksum(held), **runtime_annotation(cluster, image.image, image.runtime)},
    )
    policy = data_policy(plan, database.id, ports=[PORTS["mysql"]], cluster=None)
    objects = [secret, trusted, claim, policy]
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
