"""Reads a kubeconfig: where the API server is and how to authenticate."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import yaml

from tenantry_kubernetes.client.errors import KubeconfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_UNSUPPORTED: Final = {
    "exec": "a credentials program",
    "auth-provider": "an auth provider",
    "username": "a user name and password",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One cluster and one user of a kubeconfig.

    `server` is a URL without a trailing slash. Certificates and keys are PEM bytes. Secret fields stay out of `repr`.
    """

    server: str
    context: str = ""
    namespace: str = ""
    ca: bytes | None = field(default=None, repr=False)
    verify: bool = True
    server_name: str = ""
    token: str = field(default="", repr=False)
    certificate: bytes | None = field(default=None, repr=False)
    key: bytes | None = field(default=None, repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether the server is on this machine: 127.0.0.0/8, ::1 or `localhost`."""
        return is_loopback(self.server)


def is_loopback(url: str) -> bool:
    """Whether a URL names this machine itself: 127.0.0.0/8, ::1 or `localhost`. Nothing is resolved."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def default_paths(environment: Mapping[str, str] | None = None) -> list[Path]:
    """The files that `KUBECONFIG` lists, else `~/.kube/config`."""
    listed = (os.environ if environment is None else environment).get("KUBECONFIG", "")
    paths = [Path(part) for part in listed.split(os.pathsep) if part]
    return paths or [Path.home() / ".kube" / "config"]


def load_files(paths: Sequence[Path], *, context: str = "", cluster: str = "") -> Access:
    """The access that one or several kubeconfig files describe; of two entries with one name the first wins.

    Raises KubeconfigError where no file exists, or none holds the context.
    """
    documents: list[tuple[dict[str, Any], Path]] = []
    for path in paths:
        try:
            text = path.read_text(encoding="utf-8")
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError) as error:
            raise KubeconfigError(f"The kubeconfig {path} cannot be read: {error}") from None
        documents.append((_parse(text, str(path)), path.parent))
    if not documents:
        raise KubeconfigError(
            f"There is no kubeconfig at {', '.join(map(str, paths))}",
            hint="Set KUBECONFIG to the path of one, or give its content to the provider.",
        )
    return _access(documents, context, cluster)


def load_text(text: str, *, context: str = "", cluster: str = "", folder: Path | None = None) -> Access:
    """The access that the content of a kubeconfig (YAML or JSON) describes. Relative paths in it start at `folder`."""
    return _access([(_parse(text, "the given kubeconfig"), folder or Path.cwd())], context, cluster)


def load(source: str, *, context: str = "", cluster: str = "") -> Access:
    """The access that `source` describes: the path of a kubeconfig, or its content."""
    if "\n" not in source and not source.lstrip().startswith("{"):
        path = Path(source).expanduser()
        if path.is_file():
            return load_files([path], context=context, cluster=cluster)
    return load_text(source, context=context, cluster=cluster)


def _parse(text: str, name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders are the safe ones
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark is not None else ""
        raise KubeconfigError(f"{name} is not YAML{where}") from None
    if not isinstance(document, dict) or not isinstance(document.get("clusters"), list):
        raise KubeconfigError(
            f"{name} is not a kubeconfig: it has no list of clusters",
            hint="Give a file path or a kubeconfig's content.",
        )
    return document


def _named(
    documents: Sequence[tuple[dict[str, Any], Path]], listing: str, name: str, inner: str
) -> tuple[dict[str, Any], Path] | None:
    for document, folder in documents:
        for entry in document.get(listing) or []:
            if isinstance(entry, dict) and entry.get("name") == name:
                value = entry.get(inner)
                return (value if isinstance(value, dict) else {}), folder
    return None


def _access(documents: Sequence[tuple[dict[str, Any], Path]], context: str, cluster: str) -> Access:
    wanted = context or next((str(d["current-context"]) for d, _ in documents if d.get("current-context")), "")
    if not wanted:
        raise KubeconfigError(
            "The kubeconfig names no current context", hint="Set `context`, or `current-context` in it."
        )
    found = _named(documents, "contexts", wanted, "context")
    if found is None:
        known = [str(c.get("name")) for d, _ in documents for c in d.get("contexts") or [] if isinstance(c, dict)]
        raise KubeconfigError(
            f"The kubeconfig has no context {wanted!r}", hint=f"Its contexts are: {', '.join(known) or 'none'}."
        )
    chosen, _ = found
    cluster_name = cluster or str(chosen.get("cluster") or "")
    there = _named(documents, "clusters", cluster_name, "cluster")
    if there is None or not there[0].get("server"):
        raise KubeconfigError(f"The kubeconfig has no cluster {cluster_name!r} with a server")
    user_name = str(chosen.get("user") or "")
    user, user_folder = _named(documents, "users", user_name, "user") or ({}, Path.cwd())
    for key, words in _UNSUPPORTED.items():
        if user.get(key):
            raise KubeconfigError(
                f"The user {user_name!r} of the kubeconfig authenticates with {words} ({key}), which is not supported",
                hint="Use a token or a client certificate.",
            )
    settings, folder = there
    if settings.get("proxy-url"):
        raise KubeconfigError("The kubeconfig asks for a proxy (proxy-url), which is not supported")
    token = str(user.get("token") or "")
    if not token and user.get("tokenFile"):
        token = _file(user_folder, str(user["tokenFile"])).decode().strip()
    return Access(
        server=str(settings["server"]).rstrip("/"),
        context=wanted,
        namespace=str(chosen.get("namespace") or ""),
        ca=_pem(settings, "certificate-authority", folder),
        verify=not settings.get("insecure-skip-tls-verify"),
        server_name=str(settings.get("tls-server-name") or ""),
        token=token,
        certificate=_pem(user, "client-certificate", user_folder),
        key=_pem(user, "client-key", user_folder),
    )


def _pem(entry: Mapping[str, Any], key: str, folder: Path) -> bytes | None:
    inline = entry.get(f"{key}-data")
    if inline:
        try:
            return base64.b64decode(str(inline), validate=True)
        except binascii.Error:
            raise KubeconfigError(f"{key}-data in the kubeconfig is not base64") from None
    named = entry.get(key)
    return _file(folder, str(named)) if named else None


def _file(folder: Path, name: str) -> bytes:
    path = folder / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise KubeconfigError(f"{path}, named by the kubeconfig, cannot be read: {error.strerror}") from None
