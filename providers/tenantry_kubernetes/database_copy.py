"""Dumps and restores a database with its engine's own programs, run inside its pod: nothing listens for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenantry.errors import TaskError
from tenantry_kubernetes.access import access
from tenantry_kubernetes.client.errors import KubernetesError
from tenantry_kubernetes.client.exec import run_in_pod
from tenantry_kubernetes.names import namespace_name

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tenantry.contract.backups import DataRequest
    from tenantry_kubernetes.client.exec import Finished

DUMP: Final = "dump"
_ASIDE: Final = "_restored"

_SAVE_POSTGRESQL: Final = """
exec pg_dump --username="$POSTGRES_USER" --dbname="$APPLICATION_DATABASE" \
  --format=custom --compress=6 --no-owner --no-privileges --lock-wait-timeout=60000
"""
_LOAD_POSTGRESQL: Final = """
export PGUSER="$POSTGRES_USER"
aside="${APPLICATION_DATABASE}_restored"
run() { psql --dbname=postgres --no-psqlrc --quiet --set=ON_ERROR_STOP=1 \
  --set=name="$APPLICATION_DATABASE" --set=aside="$aside" --set=before="${APPLICATION_DATABASE}_before" \
  --set=role="$APPLICATION_USER" --file=-; }
run <<'SQL'
DROP DATABASE IF EXISTS :"aside" WITH (FORCE);
CREATE DATABASE :"aside" OWNER :"role" TEMPLATE template0;
REVOKE CONNECT ON DATABASE :"aside" FROM PUBLIC;
SQL
head -c "$1" | pg_restore --dbname="$aside" --no-owner --no-privileges --role="$APPLICATION_USER" \
  --single-transaction --exit-on-error
run <<'SQL'
DROP DATABASE IF EXISTS :"before" WITH (FORCE);
SELECT EXISTS (SELECT FROM pg_database WHERE datname = :'name') AS there \\gset
\\if :there
  ALTER DATABASE :"name" WITH ALLOW_CONNECTIONS false;
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :'name' \\g /dev/null
\\endif
BEGIN;
\\if :there
  ALTER DATABASE :"name" RENAME TO :"before";
\\endif
ALTER DATABASE :"aside" RENAME TO :"name";
COMMIT;
DROP DATABASE IF EXISTS :"before" WITH (FORCE);
SQL
"""
_SAVE_MYSQL: Final = """
export MYSQL_PWD="$(cat "$MYSQL_ROOT_PASSWORD_FILE")"
exec mysqldump --user=root --single-transaction --quick --routines --events --triggers --hex-blob \
  --set-gtid-purged=OFF --no-tablespaces "$MYSQL_DATABASE"
"""
_LOAD_MYSQL: Final = """
export MYSQL_PWD="$(cat "$MYSQL_ROOT_PASSWORD_FILE")"
mysql --user=root --execute="DROP DATABASE IF EXISTS \\`$MYSQL_DATABASE\\`; CREATE DATABASE \\`$MYSQL_DATABASE\\`"
head -c "$1" | mysql --user=root "$MYSQL_DATABASE"
"""
_SCRIPTS: Final = {"postgresql": (_SAVE_POSTGRESQL, _LOAD_POSTGRESQL), "mysql": (_SAVE_MYSQL, _LOAD_MYSQL)}


def save_database(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """Writes a database, as it is at one moment, to the file `dump`.

    Raises TaskError where its pod does not run or its programs fail, VendorError.
    """
    file = request.folder / DUMP
    script = _SCRIPTS[request.data.engine][0]
    done = _run(request, environment, script, progress, stdout=file)
    if done.exit_code or not file.stat().st_size:
        raise _failure(request, "saved", done)


def load_database(request: DataRequest, environment: Mapping[str, str], progress: Callable[[str], None]) -> None:
    """Replaces a database by the file `dump`.

    PostgreSQL restores beside the database and then swaps the two: whatever fails before that changes nothing.
    Raises TaskError where its pod does not run or its programs fail, VendorError.
    """
    file = request.folder / DUMP
    script = _SCRIPTS[request.data.engine][1]
    done = _run(request, environment, script, progress, str(file.stat().st_size), stdin=file)
    if done.exit_code:
        raise _failure(request, "restored", done)


def _run(
    request: DataRequest,
    environment: Mapping[str, str],
    script: str,
    progress: Callable[[str], None],
    *arguments: str,
    stdin: Path | None = None,
    stdout: Path | None = None,
) -> Finished:
    component = request.data.component
    try:
        return run_in_pod(
            access(request.instance, environment),
            namespace_name(request.instance),
            f"{component}-0",
            component,
            ["sh", "-euc", script, "tenantry", *arguments],
            stdin=stdin,
            stdout=stdout,
            progress=lambda: progress(f"{component}: copying"),
        )
    except KubernetesError as error:
        if not error.not_found:
            raise
        raise TaskError(
            f"The database {component} of {request.instance.instance} does not run.",
            hint=f"Deploy it: tenantry up {request.instance.instance}; a suspended instance: tenantry resume",
        ) from None


def _failure(request: DataRequest, what: str, done: Finished) -> TaskError:
    lines = [line for line in done.stderr.strip().splitlines() if line.strip()][-10:]
    said = "".join(f"\n    {line}" for line in lines) or " It said nothing."
    return TaskError(
        f"The database {request.data.component} of {request.instance.instance} was not {what} "
        f"(exit status {done.exit_code}).{said}",
        hint="Correct the cause and repeat the same command.",
    )
