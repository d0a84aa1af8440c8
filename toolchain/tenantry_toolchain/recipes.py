"""The families that Tenantry builds. Versions come from the go.mod files; decision record 0002 explains the flags."""

from __future__ import annotations

from functools import cache

from tenantry_toolchain.recipe import Files, Program, Recipe, required

_PULUMI = "github.com/pulumi/pulumi/pkg/v3"
_PULUMI_SDK = "github.com/pulumi/pulumi/sdk/v3"
_KUBERNETES = "k8s.io/kubernetes"
_ETCD = "go.etcd.io/etcd/server/v3"
_VERSITYGW = "github.com/versity/versitygw"
_PEBBLE = "github.com/letsencrypt/pebble/v2"
_GATEWAY_API = "sigs.k8s.io/gateway-api"


@cache
def engine() -> Recipe:
    """The `pulumi` command and its Python language host, in one folder: the engine takes the host beside itself."""
    version = required("pulumi", _PULUMI)
    stamp = f"-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version={version}"
    flags = ("-tags", "osusergo,grpcnotrace", "-ldflags", stamp)
    return Recipe(
        family="engine",
        version=version.removeprefix("v"),
        programs=(
            Program(
                name="pulumi-language-python",
                wrapper="pulumi-language-python",
                package=f"{_PULUMI_SDK}/python/cmd/pulumi-language-python",
                flags=flags,
            ),
            Program(
                name="pulumi",
                wrapper="pulumi",
                package=f"{_PULUMI}/cmd/pulumi",
                flags=flags,
                version=(("version",), version),
            ),
        ),
        # The scripts that the host starts must be those of the engine's version, not of the host's.
        files=(
            Files(
                wrapper="pulumi",
                module=_PULUMI_SDK,
                patterns=("python/cmd/pulumi-language-python-exec", "python/dist/pulumi-resource-pulumi-python"),
                into="bin",
                mode=0o755,
            ),
        ),
    )


@cache
def etcd() -> Recipe:
    """The store of the test control plane."""
    version = required("etcd", _ETCD)
    program = Program(
        name="etcd",
        wrapper="etcd",
        package=_ETCD,
        flags=("-ldflags", "-s -w"),
        version=(("--version",), version.removeprefix("v")),
    )
    return Recipe(family="etcd", version=version.removeprefix("v"), programs=(program,))


@cache
def kubernetes() -> Recipe:
    """API server, controller manager and scheduler of the test control plane."""
    version = required("kubernetes", _KUBERNETES)
    major, minor, _patch = version.removeprefix("v").split(".")
    # Unstamped, clients take the server for a development version and refuse it.
    stamps = " ".join(
        f"-X {package}.{variable}={value}"
        for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        for variable, value in (
            ("gitVersion", version),
            ("gitMajor", major),
            ("gitMinor", minor),
            ("gitTreeState", "clean"),
        )
    )
    programs = tuple(
        Program(
            name=name,
            wrapper="kubernetes",
            package=f"{_KUBERNETES}/cmd/{name}",
            flags=("-pgo=off", "-ldflags", f"-s -w {stamps}"),
            version=(("--version",), version),
        )
        for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    )
    return Recipe(family="kubernetes", version=version.removeprefix("v"), programs=programs)


@cache
def gateway_api() -> Recipe:
    """The Gateway API's custom resource definitions, standard channel."""
    version = required("gateway-api", _GATEWAY_API)
    files = Files(
        wrapper="gateway-api",
        module=_GATEWAY_API,
        patterns=("config/crd/standard/*.yaml",),
        into="crds",
        mode=0o644,
    )
    return Recipe(family="gateway-api", version=version.removeprefix("v"), files=(files,))


@cache
def versitygw() -> Recipe:
    """The S3 server of the sandbox's buckets."""
    version = required("versitygw", _VERSITYGW)
    program = Program(
        name="versitygw",
        wrapper="versitygw",
        package=f"{_VERSITYGW}/cmd/versitygw",
        flags=("-ldflags", f"-s -w -X main.Version={version}"),
        version=(("--version",), version),
    )
    return Recipe(family="versitygw", version=version.removeprefix("v"), programs=(program,))


@cache
def pebble() -> Recipe:
    """An ACME server, only for tests."""
    version = required("pebble", _PEBBLE)
    program = Program(
        name="pebble",
        wrapper="pebble",
        package=f"{_PEBBLE}/cmd/pebble",
        flags=("-ldflags", f"-s -w -X main.version={version}"),
        version=(("-version",), version),
    )
    return Recipe(family="pebble", version=version.removeprefix("v"), programs=(program,))


def every() -> tuple[Recipe, ...]:
    """All recipes."""
    return (engine(), etcd(), kubernetes(), versitygw(), gateway_api(), pebble())
