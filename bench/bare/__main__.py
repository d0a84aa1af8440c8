"""The bench's bare side: one shop without Tenantry. Written by bench/bare_program.py."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pulumi
import pulumi_kubernetes

k8s: Any = pulumi_kubernetes  # the dictionaries below are what an adapter declares, not what its annotations list
PORT = os.environ["TENANTRY_SANDBOX_HTTP_PORT"]
SOURCES = json.loads((Path(__file__).parent / "sources.json").read_text(encoding="utf-8"))


class Own(pulumi.CustomResource):
    def __init__(self, kind, name, inputs, opts):
        super().__init__(f"tenantry:index:{kind}", name, inputs, opts)


def stamp(uid):
    return "sha256:" + hashlib.sha256(f"kubernetes:{uid}".encode()).hexdigest()


kubernetes = k8s.Provider(
    "kubernetes",
    cluster_identifier="bare-bench",
    enable_server_side_apply=True,
    upsert_existing_objects=True,
    enable_config_map_mutable=True,
    enable_secret_mutable=True,
    opts=pulumi.ResourceOptions(env_var_mappings={"TENANTRY_SANDBOX_KUBECONFIG": "KUBECONFIG"}),
)
tenantry = pulumi.ProviderResource("tenantry", "tenantry", {})
on_cluster = pulumi.ResourceOptions(provider=kubernetes)
kube_system = k8s.core.v1.Namespace.get("kube-system", "kube-system", opts=on_cluster)
identity = Own(
    "Identity",
    "bare-bench",
    {
        "tenant": "bare-bench",
        "instance": "bare-bench",
        "mode": "sandbox",
        "runtime": "kubernetes",
        "account": kube_system.metadata["uid"].apply(stamp),
        "template": "shop@1.1.0",
        "planFingerprint": os.environ["BENCH_FINGERPRINT"],
    },
    pulumi.ResourceOptions(provider=tenantry),
)
after_identity = pulumi.ResourceOptions(provider=kubernetes, depends_on=[identity])
own_after_identity = pulumi.ResourceOptions(provider=tenantry, depends_on=[identity])

k8s.apps.v1.Deployment(
    "api",
    metadata={
        "annotations": {"pulumi.com/timeoutSeconds": "300", "tenantry.dev/declared-by": "bare-bench/api"},
        "labels": {
            "app.kubernetes.io/component": "api",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "api",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/component": "api",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "api",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "progressDeadlineSeconds": 270,
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": {"tenantry.dev/component": "api", "tenantry.dev/instance": "bare-bench"}},
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}, "type": "RollingUpdate"},
        "template": {
            "metadata": {
                "annotations": {"sandbox.tenantry.dev/images": '{"docker.io/library/python:3.11-slim": "python3.11"}'},
                "labels": {
                    "app.kubernetes.io/component": "api",
                    "app.kubernetes.io/instance": "bare-bench",
                    "app.kubernetes.io/managed-by": "tenantry",
                    "app.kubernetes.io/name": "api",
                    "app.kubernetes.io/part-of": "shop",
                    "app.kubernetes.io/version": "1.1.0",
                    "tenantry.dev/component": "api",
                    "tenantry.dev/instance": "bare-bench",
                    "tenantry.dev/tenant": "bare-bench",
                },
            },
            "spec": {
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        "command": ["python", "main.py"],
                        "env": [
                            {"name": "HOST", "value": "0.0.0.0"},
                            {"name": "PORT", "value": "8080"},
                            {"name": "PYTHONDONTWRITEBYTECODE", "value": "1"},
                            {"name": "PYTHONUNBUFFERED", "value": "1"},
                            {"name": "SHOP_ANNOUNCEMENT", "value": ""},
                            {"name": "SHOP_CURRENCY", "value": "CNY"},
                            {"name": "SHOP_LANGUAGE", "value": "en"},
                            {"name": "SHOP_NAME", "value": "Bench"},
                            {"name": "SHOP_TAX_PERCENT", "value": "0"},
                            {"name": "SHOP_THEME", "value": "light"},
                            {"name": "TENANTRY_INSTANCE", "value": "bare-bench"},
                            {"name": "TENANTRY_TEMPLATE", "value": "shop@1.1.0"},
                            {"name": "TENANTRY_URL", "value": f"http://127.110.120.225:{PORT}"},
                        ],
                        "image": "docker.io/library/python:3.11-slim",
                        "imagePullPolicy": "IfNotPresent",
                        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                        "livenessProbe": {
                            "failureThreshold": 6,
                            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
                            "periodSeconds": 10,
                            "timeoutSeconds": 5,
                        },
                        "name": "api",
                        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                        "readinessProbe": {
                            "failureThreshold": 3,
                            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
                            "periodSeconds": 5,
                            "timeoutSeconds": 3,
                        },
                        "resources": {
                            "limits": {"cpu": "250m", "memory": "128Mi"},
                            "requests": {"cpu": "250m", "memory": "128Mi"},
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                        "startupProbe": {
                            "failureThreshold": 120,
                            "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
                            "periodSeconds": 1,
                            "timeoutSeconds": 2,
                        },
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "volumeMounts": [
                            {"mountPath": "/opt/tenantry/app", "name": "app", "readOnly": True},
                            {"mountPath": "/tmp", "name": "tmp"},
                        ],
                        "workingDir": "/opt/tenantry/app",
                    }
                ],
                "enableServiceLinks": False,
                "initContainers": [
                    {
                        "command": [
                            "python",
                            "-I",
                            "/opt/tenantry/programs/unpack.py",
                            "--archive",
                            "/opt/tenantry/programs/source.tar.gz",
                            "--digest",
                            "sha256:33ee4ea61cc37eef8047aad6960e55925097a5c7ae8a8f99642e044dfb7e5b13",
                            "--into",
                            "/opt/tenantry/app",
                            "--max-files",
                            "7",
                            "--max-bytes",
                            "26942",
                        ],
                        "image": "docker.io/library/python:3.11-slim",
                        "imagePullPolicy": "IfNotPresent",
                        "name": "unpack",
                        "resources": {
                            "limits": {"cpu": "250m", "memory": "128Mi"},
                            "requests": {"cpu": "250m", "memory": "128Mi"},
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "volumeMounts": [
                            {"mountPath": "/opt/tenantry/app", "name": "app"},
                            {"mountPath": "/opt/tenantry/programs", "name": "programs", "readOnly": True},
                        ],
                    }
                ],
                "securityContext": {
                    "fsGroup": 10001,
                    "fsGroupChangePolicy": "OnRootMismatch",
                    "runAsGroup": 10001,
                    "runAsNonRoot": True,
                    "runAsUser": 10001,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "serviceAccountName": "workload",
                "terminationGracePeriodSeconds": 30,
                "volumes": [
                    {"emptyDir": {"sizeLimit": "1Mi"}, "name": "app"},
                    {"configMap": {"defaultMode": 292, "name": "api-131ac08fa8700587"}, "name": "programs"},
                    {"emptyDir": {"sizeLimit": "64Mi"}, "name": "tmp"},
                ],
            },
        },
    },
    opts=after_identity,
)
k8s.apps.v1.Deployment(
    "web",
    metadata={
        "annotations": {"pulumi.com/timeoutSeconds": "300", "tenantry.dev/declared-by": "bare-bench/web"},
        "labels": {
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/component": "web",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "web",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "progressDeadlineSeconds": 270,
        "replicas": 1,
        "revisionHistoryLimit": 3,
        "selector": {"matchLabels": {"tenantry.dev/component": "web", "tenantry.dev/instance": "bare-bench"}},
        "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}, "type": "RollingUpdate"},
        "template": {
            "metadata": {
                "annotations": {"sandbox.tenantry.dev/images": '{"docker.io/library/python:3.11-slim": "python3.11"}'},
                "labels": {
                    "app.kubernetes.io/component": "web",
                    "app.kubernetes.io/instance": "bare-bench",
                    "app.kubernetes.io/managed-by": "tenantry",
                    "app.kubernetes.io/name": "web",
                    "app.kubernetes.io/part-of": "shop",
                    "app.kubernetes.io/version": "1.1.0",
                    "tenantry.dev/component": "web",
                    "tenantry.dev/instance": "bare-bench",
                    "tenantry.dev/tenant": "bare-bench",
                },
            },
            "spec": {
                "automountServiceAccountToken": False,
                "containers": [
                    {
                        "command": [
                            "python",
                            "-I",
                            "/opt/tenantry/programs/site_server.py",
                            "--root",
                            "/opt/tenantry/app",
                            "--index",
                            "index.html",
                            "--prefix",
                            "/",
                        ],
                        "env": [{"name": "HOST", "value": "0.0.0.0"}, {"name": "PORT", "value": "8080"}],
                        "image": "docker.io/library/python:3.11-slim",
                        "imagePullPolicy": "IfNotPresent",
                        "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                        "livenessProbe": {
                            "failureThreshold": 6,
                            "httpGet": {"path": "/.tenantry/health", "port": 8080, "scheme": "HTTP"},
                            "periodSeconds": 10,
                            "timeoutSeconds": 5,
                        },
                        "name": "web",
                        "ports": [{"containerPort": 8080, "name": "http", "protocol": "TCP"}],
                        "readinessProbe": {
                            "failureThreshold": 3,
                            "httpGet": {"path": "/.tenantry/health", "port": 8080, "scheme": "HTTP"},
                            "periodSeconds": 5,
                            "timeoutSeconds": 3,
                        },
                        "resources": {
                            "limits": {"cpu": "100m", "memory": "96Mi"},
                            "requests": {"cpu": "100m", "memory": "96Mi"},
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                        "startupProbe": {
                            "failureThreshold": 120,
                            "httpGet": {"path": "/.tenantry/health", "port": 8080, "scheme": "HTTP"},
                            "periodSeconds": 1,
                            "timeoutSeconds": 2,
                        },
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "volumeMounts": [
                            {"mountPath": "/opt/tenantry/app", "name": "app", "readOnly": True},
                            {"mountPath": "/opt/tenantry/programs", "name": "programs", "readOnly": True},
                            {"mountPath": "/tmp", "name": "tmp"},
                        ],
                        "workingDir": "/opt/tenantry/app",
                    }
                ],
                "enableServiceLinks": False,
                "initContainers": [
                    {
                        "command": [
                            "python",
                            "-I",
                            "/opt/tenantry/programs/unpack.py",
                            "--archive",
                            "/opt/tenantry/programs/source.tar.gz",
                            "--digest",
                            "sha256:fe195af7918017818febf96e56455d047e436f8ac486bdeeace0250cf003b530",
                            "--into",
                            "/opt/tenantry/app",
                            "--max-files",
                            "8",
                            "--max-bytes",
                            "35041",
                        ],
                        "image": "docker.io/library/python:3.11-slim",
                        "imagePullPolicy": "IfNotPresent",
                        "name": "unpack",
                        "resources": {
                            "limits": {"cpu": "100m", "memory": "96Mi"},
                            "requests": {"cpu": "100m", "memory": "96Mi"},
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "capabilities": {"drop": ["ALL"]},
                            "readOnlyRootFilesystem": True,
                        },
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                        "volumeMounts": [
                            {"mountPath": "/opt/tenantry/app", "name": "app"},
                            {"mountPath": "/opt/tenantry/programs", "name": "programs", "readOnly": True},
                        ],
                    }
                ],
                "securityContext": {
                    "fsGroup": 10001,
                    "fsGroupChangePolicy": "OnRootMismatch",
                    "runAsGroup": 10001,
                    "runAsNonRoot": True,
                    "runAsUser": 10001,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "serviceAccountName": "workload",
                "terminationGracePeriodSeconds": 30,
                "volumes": [
                    {"emptyDir": {"sizeLimit": "1Mi"}, "name": "app"},
                    {"configMap": {"defaultMode": 292, "name": "web-8190714431426697"}, "name": "programs"},
                    {"emptyDir": {"sizeLimit": "64Mi"}, "name": "tmp"},
                ],
            },
        },
    },
    opts=after_identity,
)
k8s.core.v1.ConfigMap(
    "api",
    binary_data={"source.tar.gz": SOURCES[0]},
    data={"unpack.py": SOURCES[1]},
    metadata={
        "annotations": {"pulumi.com/patchForce": "true", "tenantry.dev/declared-by": "bare-bench/api"},
        "labels": {
            "app.kubernetes.io/component": "api",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "api",
            "app.kubernetes.io/part-of": "shop",
            "tenantry.dev/by-content": "true",
            "tenantry.dev/component": "api",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "api-131ac08fa8700587",
        "namespace": "bare-bench-938707e74d",
    },
    opts=after_identity,
)
k8s.core.v1.ConfigMap(
    "web",
    binary_data={"source.tar.gz": SOURCES[2]},
    data={"site_server.py": SOURCES[3], "unpack.py": SOURCES[4]},
    metadata={
        "annotations": {"pulumi.com/patchForce": "true", "tenantry.dev/declared-by": "bare-bench/web"},
        "labels": {
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
            "tenantry.dev/by-content": "true",
            "tenantry.dev/component": "web",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "web-8190714431426697",
        "namespace": "bare-bench-938707e74d",
    },
    opts=after_identity,
)
k8s.core.v1.LimitRange(
    "limits",
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/instance"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "instance",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "limits": [
            {
                "default": {"cpu": "100m", "memory": "64Mi"},
                "defaultRequest": {"cpu": "100m", "memory": "64Mi"},
                "type": "Container",
            }
        ]
    },
    opts=after_identity,
)
k8s.core.v1.Namespace(
    "namespace",
    metadata={
        "annotations": {"pulumi.com/timeoutSeconds": "300", "tenantry.dev/declared-by": "bare-bench/instance"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "pod-security.kubernetes.io/audit": "restricted",
            "pod-security.kubernetes.io/audit-version": "v1.36",
            "pod-security.kubernetes.io/enforce": "restricted",
            "pod-security.kubernetes.io/enforce-version": "v1.36",
            "pod-security.kubernetes.io/warn": "restricted",
            "pod-security.kubernetes.io/warn-version": "v1.36",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "bare-bench-938707e74d",
    },
    opts=after_identity,
)
k8s.core.v1.ResourceQuota(
    "quota",
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/instance"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "instance",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "hard": {
            "limits.cpu": "1050m",
            "limits.memory": "672Mi",
            "persistentvolumeclaims": "0",
            "pods": "6",
            "requests.cpu": "1050m",
            "requests.memory": "672Mi",
            "services.loadbalancers": "0",
            "services.nodeports": "0",
        }
    },
    opts=after_identity,
)
k8s.core.v1.Service(
    "api",
    metadata={
        "annotations": {"pulumi.com/skipAwait": "true", "tenantry.dev/declared-by": "bare-bench/api"},
        "labels": {
            "app.kubernetes.io/component": "api",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "api",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/component": "api",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "api",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "ports": [{"appProtocol": "http", "name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}],
        "selector": {"tenantry.dev/component": "api", "tenantry.dev/instance": "bare-bench"},
        "type": "ClusterIP",
    },
    opts=after_identity,
)
k8s.core.v1.Service(
    "web",
    metadata={
        "annotations": {"pulumi.com/skipAwait": "true", "tenantry.dev/declared-by": "bare-bench/web"},
        "labels": {
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/component": "web",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "web",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "ports": [{"appProtocol": "http", "name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}],
        "selector": {"tenantry.dev/component": "web", "tenantry.dev/instance": "bare-bench"},
        "type": "ClusterIP",
    },
    opts=after_identity,
)
k8s.core.v1.ServiceAccount(
    "workload",
    automount_service_account_token=False,
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/instance", "tenantry.dev/project": "kit"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "workload",
        "namespace": "bare-bench-938707e74d",
    },
    opts=after_identity,
)
k8s.networking.v1.Ingress(
    "routes",
    metadata={
        "annotations": {"pulumi.com/timeoutSeconds": "300", "tenantry.dev/declared-by": "bare-bench/instance"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "routes",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "ingressClassName": "tenantry-sandbox",
        "rules": [
            {
                "host": "bare-bench.sandbox.tenantry.localhost",
                "http": {
                    "paths": [
                        {
                            "backend": {"service": {"name": "api", "port": {"number": 80}}},
                            "path": "/api",
                            "pathType": "Prefix",
                        },
                        {
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                            "path": "/",
                            "pathType": "Prefix",
                        },
                    ]
                },
            }
        ],
        "tls": [{"hosts": ["bare-bench.sandbox.tenantry.localhost"]}],
    },
    opts=after_identity,
)
k8s.networking.v1.NetworkPolicy(
    "api",
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/api"},
        "labels": {
            "app.kubernetes.io/component": "api",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "api",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/component": "api",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "api",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "egress": [
            {
                "to": [
                    {
                        "ipBlock": {
                            "cidr": "0.0.0.0/0",
                            "except": [
                                "10.0.0.0/8",
                                "100.64.0.0/10",
                                "127.0.0.0/8",
                                "169.254.0.0/16",
                                "172.16.0.0/12",
                                "192.168.0.0/16",
                            ],
                        }
                    },
                    {"ipBlock": {"cidr": "::/0", "except": ["::1/128", "fc00::/7", "fe80::/10"]}},
                ]
            }
        ],
        "ingress": [
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tenantry-sandbox"}}}],
                "ports": [{"port": 8080, "protocol": "TCP"}],
            }
        ],
        "podSelector": {"matchLabels": {"tenantry.dev/component": "api", "tenantry.dev/instance": "bare-bench"}},
        "policyTypes": ["Ingress", "Egress"],
    },
    opts=after_identity,
)
k8s.networking.v1.NetworkPolicy(
    "instance.default-deny",
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/instance"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "instance.default-deny",
        "namespace": "bare-bench-938707e74d",
    },
    spec={"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
    opts=after_identity,
)
k8s.networking.v1.NetworkPolicy(
    "instance.inside",
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/instance"},
        "labels": {
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "instance.inside",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "egress": [
            {"to": [{"podSelector": {}}]},
            {
                "ports": [{"port": 53, "protocol": "UDP"}, {"port": 53, "protocol": "TCP"}],
                "to": [
                    {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}}},
                    {"ipBlock": {"cidr": "169.254.20.10/32"}},
                ],
            },
        ],
        "ingress": [{"from": [{"podSelector": {}}]}],
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    },
    opts=after_identity,
)
k8s.networking.v1.NetworkPolicy(
    "web",
    metadata={
        "annotations": {"tenantry.dev/declared-by": "bare-bench/web"},
        "labels": {
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/instance": "bare-bench",
            "app.kubernetes.io/managed-by": "tenantry",
            "app.kubernetes.io/name": "web",
            "app.kubernetes.io/part-of": "shop",
            "app.kubernetes.io/version": "1.1.0",
            "tenantry.dev/component": "web",
            "tenantry.dev/instance": "bare-bench",
            "tenantry.dev/tenant": "bare-bench",
        },
        "name": "web",
        "namespace": "bare-bench-938707e74d",
    },
    spec={
        "ingress": [
            {
                "from": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "tenantry-sandbox"}}}],
                "ports": [{"port": 8080, "protocol": "TCP"}],
            }
        ],
        "podSelector": {"matchLabels": {"tenantry.dev/component": "web", "tenantry.dev/instance": "bare-bench"}},
        "policyTypes": ["Ingress"],
    },
    opts=after_identity,
)
Own(
    "Migration",
    "bare-bench",
    {
        "adopted": False,
        "data": [],
        "forwardOnly": [],
        "instance": {
            "account": {},
            "instance": "bare-bench",
            "mode": "sandbox",
            "region": None,
            "runtime": "kubernetes",
            "tenant": "bare-bench",
        },
        "steps": {},
        "template": "shop@1.1.0",
    },
    own_after_identity,
)
Own(
    "Sweep",
    "bare-bench",
    {
        "instance": {
            "account": {},
            "instance": "bare-bench",
            "mode": "sandbox",
            "region": None,
            "runtime": "kubernetes",
            "tenant": "bare-bench",
        },
        "keep": ["api-131ac08fa8700587", "web-8190714431426697"],
    },
    own_after_identity,
)
