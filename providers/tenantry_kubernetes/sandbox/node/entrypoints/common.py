"""What entry points share, above all running a server that refuses to be root. Standard library alone, loaded by path.

First choice is a user namespace in which root is another user. Where the kernel refuses those (containers often do), it
becomes another user, which keeps nothing but the right to pass the sandbox's private folders.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_USERS = ("postgres", "daemon", "nobody")
_CAPABILITIES = "-all,+dac_override,+fowner"


def prefix() -> tuple[list[str], int]:
    """What to put before a command line, and which user its files must belong to. Raises OSError."""
    if os.geteuid() != 0:
        return [], os.geteuid()
    user = _user()
    for words, owner in ((_namespace(user), 0), (_other_user(user), user)):
        if words and _works(words):
            return words, owner
    raise OSError(
        "it must not run as root, and this machine has neither user namespaces nor setpriv: "
        "run the sandbox as another user"
    )


def give(folder: Path, owner: int) -> None:
    """Makes a folder and all in it belong to `owner`, where it does not yet."""
    if os.geteuid() != 0 or not folder.exists() or folder.stat().st_uid == owner:
        return
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.lchown(os.path.join(place, name), owner, owner)  # noqa: PTH118 - a path of strings, as os.walk gives it
    # Last: a walk that was interrupted is repeated.
    os.chown(folder, owner, owner)


def say(text: str) -> None:
    """Tells the container's log."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def variable(name: str) -> str:
    """A variable, or the content of the file that `<name>_FILE` names. Raises ValueError where both are set."""
    file = os.environ.get(f"{name}_FILE")
    if file and os.environ.get(name):
        raise ValueError(f"both {name} and {name}_FILE are set")
    return Path(file).read_text(encoding="utf-8").rstrip("\r\n") if file else os.environ.get(name, "")


def private_copy(path: Path, owner: int) -> Path:
    """A copy that only `owner` may read: servers want to own their key alone."""
    content = path.read_bytes()
    copy = Path(os.environ.get("HOME", tempfile.gettempdir())) / path.name
    descriptor = os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    give(copy, owner)
    return copy


def _user() -> int:
    # One that has a name: servers look it up.
    for name in _USERS:
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_uid
    raise OSError(f"it must not run as root, and none of the users {', '.join(_USERS)} exists")


def _namespace(user: int) -> list[str]:
    program = shutil.which("unshare")
    return [program, "--user", f"--map-user={user}", f"--map-group={user}"] if program else []


def _other_user(user: int) -> list[str]:
    program = shutil.which("setpriv")
    if not program:
        return []
    return [
        program,
        f"--reuid={user}",
        f"--regid={user}",
        "--clear-groups",
        f"--inh-caps={_CAPABILITIES}",
        f"--ambient-caps={_CAPABILITIES}",
        f"--bounding-set={_CAPABILITIES}",
        "--no-new-privs",
    ]


def _works(words: list[str]) -> bool:
    tried = subprocess.run(
        [*words, "/bin/sh", "-c", "test $(id -u) != 0"],
        env={"PATH": os.defpath},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return tried.returncode == 0
