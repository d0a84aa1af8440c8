"""`tenantry template`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tenantry_ops.cli.arguments import complete_instances
from tenantry_ops.cli.base import GroupWithGlobals, examples, pass_session

if TYPE_CHECKING:
    from tenantry.catalogue import TemplateVersion
    from tenantry.catalogue.platforms import Architecture
    from tenantry.spec.plan import OverlayPlan
    from tenantry_ops.cli.session import Session
    from tenantry_ops.project import Project

_BUNDLE = click.Path(dir_okay=False, path_type=Path)


@examples("tenantry template pack shop@1.2.0", "tenantry template verify shop-1.2.0.bundle")
@click.group(cls=GroupWithGlobals)
def template() -> None:
    """Pack, sign, verify and lint template versions.

    A bundle is one file: a template version with its sources and its locked packages. It stands in a catalogue like a
    folder of sources: <catalogue>/shop/shop-1.2.0.bundle.
    """


@examples(
    "tenantry template pack shop@1.2.0",
    "tenantry template pack ./templates/shop/1.2.0 --output build",
    "tenantry template pack --instance acme",
)
@template.command()
@click.argument("target", metavar="[VERSION|FOLDER]", required=False)
@click.option(
    "--instance",
    metavar="ID",
    shell_complete=complete_instances,
    help="Pack what this instance runs: its version with its overlay.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="PATH",
    help="A folder, or the file to write; else the current folder.",
)
@click.option(
    "--architecture",
    "architectures",
    type=click.Choice(["x86_64", "aarch64"]),
    multiple=True,
    help="Take packages along for this processor only; may be repeated.",
)
@click.option("--no-wheels", is_flag=True, help="Leave the locked packages out; who uses the bundle fetches them.")
@pass_session
def pack(
    session: Session,
    *,
    target: str | None,
    instance: str | None,
    output: Path,
    architectures: tuple[Architecture, ...],
    no_wheels: bool,
) -> None:
    """Pack a template version into a bundle.

    The same version gives the same bytes, wherever and whenever it is packed. With --json an object: file, template,
    digest, sha256, size, wheels, overlay.
    """
    from tenantry_ops import templates

    version, overlay = _chosen(session, target, instance)
    session.screen.progress(f"Packing {version.ref}")
    made = templates.pack(version, output, overlay=overlay, architectures=architectures, wheels=not no_wheels)

    def show() -> None:
        with_overlay = f" with the overlay for {overlay.base}" if overlay else ""
        session.screen.line(f"{made.file}: {made.template}{with_overlay}, {made.size} bytes, {len(made.wheels)} wheels")
        session.screen.line(f"digest {made.digest}")
        session.screen.line(f"sha256 {made.sha256}")

    session.screen.result(made.to_json(), show)


@examples(
    "tenantry template verify shop-1.2.0.bundle", "tenantry template verify shop-1.2.0.bundle --key alice.pub.pem"
)
@template.command()
@click.argument("bundle", type=_BUNDLE)
@click.option(
    "--key",
    "keys",
    type=_BUNDLE,
    multiple=True,
    metavar="PEM",
    help="A public key that must have signed it, instead of the project's publishers; with several, one of them.",
)
@pass_session
def verify(session: Session, bundle: Path, keys: tuple[Path, ...]) -> None:
    """Check a bundle: its signatures, its content, its template.

    Nothing in it is run. In a project its publishers and its lock count. Exit code 10 where the bundle was changed, is
    not signed as required, or holds what a bundle must not hold. With --json an object: bundle, template, digest,
    signed_by, wheels, lock (same, absent).
    """
    from tenantry.catalogue.unbundle import read_info
    from tenantry_ops import templates

    project = _project(session)
    place = templates.verify(bundle, templates.trust_of(project, keys))
    info = read_info(bundle)
    lock = _lock(project, info.selector, info.digest)
    result = {
        "bundle": str(bundle),
        "template": info.selector,
        "digest": info.digest,
        "signed_by": list(place.signed_by),
        "wheels": sorted(info.wheels),
        "lock": lock,
    }

    def show() -> None:
        session.screen.line(f"{info.selector} is whole: {info.digest}")
        session.screen.line(f"signed by: {', '.join(place.signed_by) or 'nobody that is trusted'}")
        session.screen.line(f"lock: {'the same digest' if lock == 'same' else 'not in it'}")

    session.screen.result(result, show)


@examples("tenantry template archives shop@1.2.0 --output archives")
@template.command()
@click.argument("target", metavar="[VERSION|FOLDER|BUNDLE]", required=False)
@click.option(
    "--instance",
    metavar="ID",
    shell_complete=complete_instances,
    help="Take what this instance runs: its version with its overlay.",
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    metavar="DIR",
    help="An existing folder; else the current one.",
)
@click.option(
    "--architecture",
    type=click.Choice(["x86_64", "aarch64"]),
    default="x86_64",
    show_default=True,
    help="The processor that packages with compiled code are chosen for.",
)
@pass_session
def archives(
    session: Session, *, target: str | None, instance: str | None, output: Path, architecture: Architecture
) -> None:
    """Write the packed sources of every service and site.

    <digest>.tar.gz, as pods fetch them below runtime.account.bundles where they are too large for a ConfigMap. With
    --json an object: component -> file.
    """
    from tenantry_ops import templates

    version, _ = _chosen(session, target, instance)
    session.screen.progress(f"Packing the sources of {version.ref}")
    written = templates.write_archives(version, output, architecture)

    def show() -> None:
        for component, file in written.items():
            session.screen.line(f"{component}: {file}")

    session.screen.result({component: str(file) for component, file in written.items()}, show)


@examples("tenantry template sign shop-1.2.0.bundle --key alice.pem")
@template.command()
@click.argument("bundle", type=_BUNDLE)
@click.option("--key", type=_BUNDLE, required=True, metavar="PEM", help="Your private Ed25519 key.")
@click.option(
    "--passphrase-file", type=_BUNDLE, metavar="FILE", help="A file with the key's passphrase, where it has one."
)
@pass_session
def sign(session: Session, bundle: Path, key: Path, passphrase_file: Path | None) -> None:
    """Sign a bundle.

    The bundle is checked first and does not change: the signature goes into a file beside it, <bundle>.sig, where
    others stay. With --json an object: bundle, template, signatures, keys.
    """
    from tenantry_ops import templates

    selector, file, keys = templates.sign(bundle, key, passphrase_file)
    session.screen.result(
        {"bundle": str(bundle), "template": selector, "signatures": str(file), "keys": keys},
        lambda: session.screen.line(
            f"{file}: {selector} is signed with {len(keys)} key{'s' if len(keys) > 1 else ''}."
        ),
    )


@examples("tenantry template key alice.pem")
@template.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_session
def key(session: Session, file: Path) -> None:
    """Make a pair of keys to sign with.

    The private key goes to FILE, which only you can read, the public one beside it: alice.pub.pem. Put the public one
    into trust.publishers of those who use your bundles. With --json an object: private, public, id.
    """
    from tenantry_ops import templates

    public, key_id = templates.make_key(file)
    session.screen.result(
        {"private": str(file), "public": str(public), "id": key_id},
        lambda: session.screen.line(f"Keep {file} to yourself; give {public} to those who use your bundles."),
    )


@examples("tenantry template lint shop@1.2.0", "tenantry template lint ./templates/shop/1.2.0 --strict")
@template.command()
@click.argument("target", metavar="VERSION|FOLDER|BUNDLE")
@click.option("--strict", is_flag=True, help="Exit code 10 for warnings too.")
@pass_session
def lint(session: Session, target: str, *, strict: bool) -> None:
    """Say what could be better about a template version.

    Missing titles and Chinese texts, services without health path, keys in sources, application code that asks for a
    vendor, packages without a lock, and how portable the version is: 100 runs anywhere unchanged. Exit code 10 where
    there are errors. With --json an object: template, score, findings.
    """
    from tenantry.errors import CatalogueError
    from tenantry_ops import templates

    version = templates.version_of(target, session.project)
    report = templates.look_at(version)
    wrong = [one for one in report.findings if strict or one.severity == "error"]

    def show() -> None:
        for one in report.findings:
            session.screen.line(str(one))
        session.screen.line(f"{version.ref}: {len(report.findings)} findings, portability {report.score} of 100")

    session.screen.result(
        {
            "template": str(version.ref),
            "score": report.score,
            "findings": [one.to_json() for one in report.findings],
        },
        show,
    )
    if wrong:
        session.exit_code = CatalogueError.exit_code


def _chosen(session: Session, target: str | None, instance: str | None) -> tuple[TemplateVersion, OverlayPlan | None]:
    """The version that was named, or that the instance runs, then with its overlay. Raises UsageError, and as those."""
    from tenantry_ops import templates

    if (target is None) == (instance is None):
        raise click.UsageError("Name a version or folder, or an instance with --instance.")
    if instance is not None:
        return templates.version_of_instance(session.instance_project(instance), instance)
    return templates.version_of(target or "", session.project), None


def _project(session: Session) -> Project | None:
    """The project where there is one: a bundle can be checked anywhere."""
    from tenantry.errors import PreflightError
    from tenantry_ops.project import Project

    try:
        Project.root_of(session.folder)
    except PreflightError:
        return None
    return session.project()


def _lock(project: Project | None, selector: str, digest: str) -> str:
    """What the project's lock says of the bundle. Raises CatalogueError where it has another digest."""
    from tenantry.errors import CatalogueError

    locked = project.catalogue.lock.get(selector) if project is not None else None
    if locked not in {None, digest}:
        raise CatalogueError(
            f"the project's lock has another {selector}: {locked}, the bundle {digest}",
            hint="a released version never changes: get the bundle that was released, or make a new version",
        )
    return "absent" if locked is None else "same"
