"""What the refusals of Go commands mean, and what to do about them."""

from __future__ import annotations

import re

from tenantry.errors import PreflightError
from tenantry_toolchain import folders

MINIMUM = (1, 26)
"""The least Go version that the pinned modules compile with."""

INSTALL_HINT = f"Install Go {MINIMUM[0]}.{MINIMUM[1]} or newer (https://go.dev/dl), then run the command again."


def redact(text: str) -> str:
    """`text` without the credentials that a proxy's address may carry."""
    return re.sub(r"://[^/\s:@]+(:[^/\s@]*)?@", "://***@", text)


_NETWORK = (
    r"dial tcp|no such host|connection refused|connection reset|i/o timeout|TLS handshake|proxyconnect"
    r"|network is unreachable|module lookup disabled|unexpected EOF|\b(?:403|404|407|410|429|5\d\d) [A-Z]"
)

_REFUSALS: tuple[tuple[str, str, str], ...] = (
    (
        r"requires go >=|toolchain not available|invalid go version|cannot find GOROOT",
        "The installed Go is too old or incomplete.",
        INSTALL_HINT,
    ),
    (
        r"checksum mismatch|SECURITY ERROR",
        "A downloaded module is not the one that was pinned.",
        "Do not go on. The proxy in GOPROXY, or something before it, serves other bytes: use another one.",
    ),
    (
        r"missing go\.sum entry|malformed go\.sum|updates to go\.mod needed|malformed module|errors parsing",
        "The pinned go.mod and go.sum do not fit together.",
        "This installation of Tenantry is damaged: install it again.",
    ),
    (
        r"signal: killed|cannot allocate memory|out of memory",
        "The compiler was killed, most likely for lack of memory.",
        "About 2 GiB must be free; close other programs and run the command again: it goes on where it stopped.",
    ),
    (
        _NETWORK,
        "The pinned Go modules could not be downloaded.",
        "Name a mirror that can be reached in GOPROXY, or the way out in HTTPS_PROXY, then run the command again.",
    ),
)


def refusal(what: str, output: str) -> PreflightError:
    """The error for a Go command that failed with `output` while it made `what`."""
    if re.search(r"no space left on device|disk quota exceeded", output, re.IGNORECASE):
        return folders.disk_full()
    last = "\n".join(f"    {line}" for line in redact(output).strip().splitlines()[-8:])
    for pattern, message, hint in _REFUSALS:
        if re.search(pattern, output):
            return PreflightError(f"{what} could not be built. {message}\n{last}", hint=hint)
    return PreflightError(
        f"{what} could not be built.\n{last}", hint=f"The whole output is in {folders.root() / 'logs'}."
    )
