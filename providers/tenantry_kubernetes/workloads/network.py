"""Who may talk to an instance's pods, and whom they may talk to: nobody, then what each one needs.

The kubelet's probes need no opening: network plugins let a node reach its own pods.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry_kubernetes.names import selector
from tenantry_kubernetes.workloads.bindings import clients
from tenantry_kubernetes.workloads.manifest import INSTANCE, Manifest, head
from tenantry_kubernetes.workloads.namespace import NAMESPACE

if TYPE_CHECKING:
    from tenantry.spec.plan import InstancePlan
    from tenantry_kubernetes.account import Egress
    from tenantry_kubernetes.cluster import Cluster
    from tenantry_kubernetes.workloads.manifest import Body

PORT: Final = 8080
"""Where every container listens."""
_SOLVER_PORT: Final = 8089
_NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
_NODE_LOCAL_DNS: Final = "169.254.20.10/32"
_PRIVATE_V4: Final = ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
_PRIVATE_V6: Final = ("::1/128", "fc00::/7", "fe80::/10")


CHALLENGE_LABEL: Final = "tenantry.dev/challenge"
"""On pods that answer an ACME server: requests from outside reach them."""
DATA_LABEL: Final = "tenantry.dev/data"
"""On pods that keep data: the instance's other pods do not reach them unless they are bound to them."""


def base_policies(plan: InstancePlan, cluster: Cluster, *, data: bool = False) -> list[Manifest]:
    """Deny everything; allow the components among themselves, and asking the cluster's name server.

    `data`: some pods keep data. They ask nobody, and only who is bound to them reaches them.
    """
    inner: Body = {"matchExpressions": [{"key": DATA_LABEL, "operator": "DoesNotExist"}]} if data else {}
    deny = _policy(plan, "instance.default-deny", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
    siblings: Body = {"podSelector": {}}
    inside = _policy(
        plan,
        "instance.inside",
        {
            "podSelector": inner,
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": [siblings]}],
            "egress": [
                {"to": [siblings]},
                {
                    "to": [
                        {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: "kube-system"}}},
                        {"ipBlock": {"cidr": _NODE_LOCAL_DNS}},
                    ],
                    "ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}],
                },
            ],
        },
    )
    if cluster.issuer is not None:
        selector: Body = {"matchLabels": {"acme.cert-manager.io/http01-solver": "true"}}
        port = _SOLVER_PORT
    elif cluster.acme is not None:
        selector, port = {"matchExpressions": [{"key": CHALLENGE_LABEL, "operator": "Exists"}]}, PORT
    else:
        return [deny, inside]
    solver = _policy(
        plan,
        "instance.certificate-challenge",
        {
            "podSelector": selector,
            "policyTypes": ["Ingress"],
            "ingress": [{"from": controller_peers(cluster), "ports": [{"protocol": "TCP", "port": port}]}],
        },
    )
    return [deny, inside, solver]


def component_policy(
    plan: InstancePlan, component: str, *, cluster: Cluster, routed: bool, egress: Egress | None
) -> Manifest | None:
    """The openings of one component: from the cluster's ingress where it is routed, to the outside where it may."""
    spec: Body = {"podSelector": {"matchLabels": selector(plan, component)}, "policyTypes": []}
    if routed:
        spec["policyTypes"].append("Ingress")
        spec["ingress"] = [{"from": controller_peers(cluster), "ports": [{"protocol": "TCP", "port": PORT}]}]
    peers = outside_peers(egress) if egress else []
    if peers:
        spec["policyTypes"].append("Egress")
        spec["egress"] = [{"to": peers}]
    if not spec["policyTypes"]:
        return None
    body = head(plan, "networking.k8s.io/v1", "NetworkPolicy", component, component=component)
    body["spec"] = spec
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def data_policy(
    plan: InstancePlan,
    component: str,
    *,
    ports: list[int],
    admin_port: int | None = None,
    cluster: Cluster | None = None,
) -> Manifest:
    """Who reaches a server that keeps data: services that use it, tasks of theirs and its own, and nobody else.

    `admin_port` is open to the server's own tasks alone. With `cluster`, requests from outside come in as well.
    """
    users = clients(plan, component)
    tasks = {"key": "tenantry.dev/task-of", "operator": "In", "values": [*users, component]}
    peers: list[Body] = [{"podSelector": {"matchExpressions": [tasks]}}]
    if users:
        services = {"key": "tenantry.dev/component", "operator": "In", "values": users}
        peers.append({"podSelector": {"matchExpressions": [services]}})
    if cluster is not None:
        peers += controller_peers(cluster)
    rules: list[Body] = [{"from": peers, "ports": [{"protocol": "TCP", "port": port} for port in ports]}]
    if admin_port is not None:
        own = {"podSelector": {"matchLabels": {"tenantry.dev/task-of": component}}}
        rules.append({"from": [own], "ports": [{"protocol": "TCP", "port": admin_port}]})
    body = head(plan, "networking.k8s.io/v1", "NetworkPolicy", component, component=component)
    body["spec"] = {
        "podSelector": {"matchLabels": selector(plan, component)},
        "policyTypes": ["Ingress"],
        "ingress": rules,
    }
    return Manifest(logical=component, component=component, body=body, after=(NAMESPACE,))


def operated_policies(plan: InstancePlan, component: str, *, port: int) -> list[Manifest]:
    """For pods that an operator makes: their clients, the operator, one another, and the cluster's API.

    The API server has no pods that a policy could name, and its address is the cluster's: its ports are open.
    """
    policy = data_policy(plan, component, ports=[port])
    pods: Body = {"matchLabels": {"cnpg.io/cluster": component}}
    spec = policy.body["spec"]
    spec["podSelector"] = pods
    operator = {"namespaceSelector": {}, "podSelector": {"matchLabels": {"app.kubernetes.io/name": "cloudnative-pg"}}}
    spec["ingress"].append({"from": [{"podSelector": pods}, operator]})
    spec["policyTypes"] = ["Ingress", "Egress"]
    spec["egress"] = [
        {"to": [{"podSelector": pods}]},
        {"ports": [{"protocol": "TCP", "port": 443}, {"protocol": "TCP", "port": 6443}]},
        {"ports": [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]},
    ]
    return [policy]


def controller_peers(cluster: Cluster) -> list[Body]:
    """Where requests from outside come from."""
    spaces = [
        {"namespaceSelector": {"matchLabels": {_NAMESPACE_NAME: name}}} for name in cluster.controllers.namespaces
    ]
    return [*spaces, *({"ipBlock": {"cidr": cidr}} for cidr in cluster.controllers.cidrs)]


def outside_peers(egress: Egress) -> list[Body]:
    """The networks outside the instance that its services may reach."""
    public: list[Body] = []
    if egress.internet:
        public = [
            {"ipBlock": {"cidr": "0.0.0.0/0", "except": list(_PRIVATE_V4)}},
            {"ipBlock": {"cidr": "::/0", "except": list(_PRIVATE_V6)}},
        ]
    return [*public, *({"ipBlock": {"cidr": cidr}} for cidr in egress.cidrs)]


def _policy(plan: InstancePlan, name: str, spec: Body) -> Manifest:
    body = head(plan, "networking.k8s.io/v1", "NetworkPolicy", name)
    body["spec"] = spec
    return Manifest(logical=name, component=INSTANCE, body=body, after=(NAMESPACE,))
