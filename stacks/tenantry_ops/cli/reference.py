"""The command reference of the documentation, made from the help pages.

`python -m tenantry_ops.cli.reference en` prints it in English, `zh` in Chinese.
"""

from __future__ import annotations

import functools
import sys
from importlib.resources import files
from inspect import cleandoc
from typing import TYPE_CHECKING

import click
import yaml

from tenantry.errors import TenantryError
from tenantry_ops.cli.app import HELP_OPTIONS, tenantry
from tenantry_ops.cli.base import GLOBAL_OPTIONS, CommandWithGlobals, GroupWithGlobals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HEAD = (
    "`tenantry --help` lists the commands, `tenantry COMMAND --help` explains one. Results go to stdout, progress and "
    "messages to stderr. Nothing ever ends in a traceback: an unexpected error is one line and the path of a log "
    "without secrets."
)
LINKS = {"en": "[中文](../zh/cli.md)", "zh": "[English](../en/cli.md)"}
SPECIAL = {
    0: "done",
    1: "something unexpected happened; the message names a log",
    2: "wrong usage",
    130: "stopped with Ctrl-C",
    141: "nobody read the output any more",
}


def commands(group: GroupWithGlobals, *path: str) -> Iterator[tuple[str, click.Command]]:
    """Every command below a group with its full name, depth first, in the order of the help pages."""
    context = click.Context(group, help_option_names=HELP_OPTIONS)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is not None:
            yield " ".join((*path, name)), command
            if isinstance(command, GroupWithGlobals):
                yield from commands(command, *path, name)


def reference(language: str = "en") -> str:
    """The whole page as Markdown, in `en` or `zh`. Raises KeyError for a text that has no translation."""
    page = _Page(_same if language == "en" else _chinese)
    say = page.say
    note = f"<!-- python -m tenantry_ops.cli.reference {language} > docs/{language}/cli.md -->"
    blocks = [f"# {say('Command line')}", LINKS[language], note, say(HEAD)]
    blocks += [f"## {say('Global options')}", say("Every command takes them, before or after its name.")]
    blocks += [
        *page.options(list(GLOBAL_OPTIONS), click.Context(tenantry, help_option_names=HELP_OPTIONS)),
        f"## {say('Exit codes')}",
        page.exit_codes(),
    ]
    for name, command in commands(tenantry, "tenantry"):
        blocks += page.command(name, command)
    return "\n\n".join(blocks) + "\n"


def _same(text: str) -> str:
    return text


@functools.cache
def translations() -> dict[str, str]:
    """English text, spaces folded -> Chinese."""
    found: dict[str, str] = yaml.safe_load((files("tenantry_ops") / "cli" / "reference_zh.yaml").read_text("utf-8"))
    return found


def _chinese(text: str) -> str:
    return translations()[text]


class _Page:
    def __init__(self, translate: Callable[[str], str]) -> None:
        self._translate = translate

    def say(self, text: str) -> str:
        return self._translate(" ".join(text.split()))

    def exit_codes(self) -> str:
        rows = {code: self.say(text) for code, text in SPECIAL.items()}
        for kind in _below(TenantryError):
            # The first sentence of the class's own words.
            text = cleandoc(kind.__doc__ or "").split("\n")[0].split(". ")[0].split(": ")[0].rstrip(".")
            rows[kind.exit_code] = f"`{kind.__name__}` {self.say(text)}"
        head = f"| {self.say('code')} | {self.say('meaning')} |\n|---|---|\n"
        return head + "\n".join(f"| {code} | {rows[code]} |" for code in sorted(rows))

    def command(self, name: str, command: click.Command) -> Iterator[str]:
        context = click.Context(command, info_name=name, help_option_names=HELP_OPTIONS)
        usage = " ".join(command.collect_usage_pieces(context))
        yield f"{'##' if name.count(' ') == 1 else '###'} {name}"
        yield f"```text\n{name} {usage}\n```"
        for paragraph in cleandoc(command.help or "").split("\n\n"):
            yield self.say(paragraph)
        yield from self.options([p for p in command.params if isinstance(p, click.Option)], context)
        examples = command.examples if isinstance(command, CommandWithGlobals | GroupWithGlobals) else ()
        if examples:
            yield "```text\n{}\n```".format("\n".join(examples))

    def options(self, options: list[click.Option], context: click.Context) -> Iterator[str]:
        rows = [row for option in options if (row := self._option(option, context))]
        if rows:
            yield f"| {self.say('option')} | {self.say('meaning')} |\n|---|---|\n" + "\n".join(rows)

    def _option(self, option: click.Option, context: click.Context) -> str:
        record = option.get_help_record(context)
        if record is None:
            return ""
        text = self.say(option.help or "")
        if option.required:
            text += f" ({self.say('required')})"
        elif option.show_default:
            text += f" ({self.say('default')}: {option.default})"
        names = record[0].replace("|", "\\|")
        return f"| `{names}` | {text} |"


def _below(kind: type[TenantryError]) -> Iterator[type[TenantryError]]:
    for below in kind.__subclasses__():
        if below.__module__ == "tenantry.errors":
            yield below
            yield from _below(below)


if __name__ == "__main__":
    click.echo(reference(*sys.argv[1:2]), nl=False)
