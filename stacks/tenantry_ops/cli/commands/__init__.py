"""The table of commands: names, summaries and where they live, so that help imports none of them."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import click


@dataclass(frozen=True, slots=True)
class Entry:
    """One command. Its module is named like the command, with `_` for `-`; `attribute` holds the click command."""

    name: str
    summary: str
    module: str
    attribute: str

    def load(self) -> click.Command:
        """Imports the command."""
        command: click.Command = getattr(import_module(f"{__name__}.{self.module}"), self.attribute)
        return command


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of the help page."""

    title: str
    entries: tuple[Entry, ...]


SECTIONS: Final = (
    Section(
        "Start",
        (
            Entry("demo", "Deploy the example tenants in the sandbox and ask each of them.", "demo", "demo"),
            Entry("init", "Make a project of your own.", "init", "init"),
            Entry("new", "Add an instance: its file, its key and its stack.", "new", "new"),
            Entry("doctor", "Check this machine and this project.", "doctor", "doctor"),
        ),
    ),
    Section(
        "Deploy",
        (
            Entry("validate", "Check templates and tenant files, without the engine.", "validate", "validate"),
            Entry("policies", "List the project's policies and waivers.", "policies", "policies"),
            Entry("preview", "Show what a deployment would change.", "deploy", "preview"),
            Entry("up", "Deploy an instance, or bring it up to date.", "deploy", "up"),
            Entry("refresh", "Compare an instance's state with what really stands.", "deploy", "refresh"),
            Entry("destroy", "Remove an instance and everything it owns.", "deploy", "destroy"),
        ),
    ),
    Section(
        "Live",
        (
            Entry("upgrade", "Bring an instance to a newer version of its template.", "life", "upgrade"),
            Entry("rollback", "Bring an instance back to the version before.", "life", "rollback"),
            Entry("suspend", "Switch an instance off and keep its data.", "life", "suspend"),
            Entry("resume", "Switch a suspended instance on again.", "life", "resume"),
            Entry("retire", "End an instance; keep its data or delete it.", "life", "retire"),
            Entry("adopt", "Bring a retired instance back with its kept data.", "life", "adopt"),
            Entry("backup", "Copy an instance's databases and buckets to files.", "backup", "backup"),
            Entry("restore", "Replace an instance's data by a backup.", "backup", "restore"),
        ),
    ),
    Section(
        "Look",
        (
            Entry("outputs", "Show an instance's URL and other outputs.", "outputs", "outputs"),
            Entry("open", "Open an instance in the browser.", "outputs", "open_"),
            Entry("logs", "Show what an instance's services print.", "logs", "logs"),
            Entry("env", "Print the environment for plain `pulumi` commands.", "env", "env"),
            Entry(
                "permissions", "List what the deploying credentials must be allowed to do.", "runtimes", "permissions"
            ),
            Entry("runtimes", "List the installed runtimes and what each can do.", "runtimes", "runtimes"),
            Entry("form", "Print the form of a new tenant for web pages.", "form", "form"),
            Entry("schema", "Print the JSON Schema of a kind of file.", "schema", "schema"),
        ),
    ),
    Section(
        "Machine",
        (
            Entry("engine", "Install the Pulumi engine and the test control plane, or show them.", "engine", "engine"),
            Entry("sandbox", "Start, stop and inspect the local stand-ins.", "sandbox", "sandbox"),
            Entry("catalogue", "List, check and lock template versions.", "catalogue", "catalogue"),
            Entry("template", "Pack, sign, verify and lint template versions.", "template", "template"),
            Entry("adapter", "Start a runtime of your own, in a package of its own.", "adapter", "adapter"),
            Entry("completion", "Print the completion script of a shell.", "completion", "completion"),
        ),
    ),
)
"""Every command, in the order of the help page."""

_BY_NAME: Final = {entry.name: entry for section in SECTIONS for entry in section.entries}


def find(name: str) -> Entry | None:
    """The command with this name."""
    return _BY_NAME.get(name)
