"""The questions of `tenantry new tenant`, answered by a list, and once on a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import pytest
from click.testing import Result

from tenantry.spec.load import load_tenant
from tenantry_ops.cli.language import language
from tenantry_ops.cli.wizard.answers import problem_of, value_of
from tenantry_ops.cli.wizard.questions import Questions, command_of
from tenantry_ops.new_tenant import Request, write_tenant
from tenantry_ops.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from tenantry.spec.parameter_schema import Language, Schema

Call = Callable[..., Result]
EMPTY: Final = Request(instance="", template="", runtime="")


class Person:
    """Answers by the beginning of the question; what is not in the list is taken as it is offered."""

    def __init__(self, answers: dict[str, list[str]]) -> None:
        self.answers = answers
        self.asked: list[str] = []
        self.told: list[str] = []

    def ask(self, label: str, default: str | None) -> str:
        self.asked.append(label)
        for begin, given in self.answers.items():
            if label.startswith(begin) and given:
                return given.pop(0)
        assert default is not None, f"nothing to answer to {label!r}"
        return default


def complete(
    project: Path, answers: dict[str, list[str]], spoken: Language, request: Request = EMPTY
) -> tuple[Request, Person]:
    person = Person(answers)
    found = Questions(person.ask, person.told.append, spoken).complete(Project.find(project), request)
    return found, person


@pytest.mark.parametrize(
    ("spoken", "answers"),
    [
        ("en", {"Id of": ["acme"], "Template": ["shop@1.1.0"], "Plan": ["free"], "Shop name": ["Acme"]}),
        ("zh", {"实例 id": ["acme"], "模板": ["shop@1.1.0"], "套餐": ["free"], "店名": ["Acme"]}),
    ],
)
def test_from_nothing_to_a_valid_file(
    project: Path, call: Call, spoken: Language, answers: dict[str, list[str]]
) -> None:
    request, person = complete(project, answers, spoken)
    assert all(not given for given in answers.values()), answers
    file = write_tenant(Project.find(project), request)
    made = load_tenant(file)
    assert (made.instance, made.tenant, made.template, made.plan) == ("acme", "acme", "shop@1.1.0", "free")
    assert made.parameters == {"shop_name": "Acme"}
    assert any("light | dark" in question for question in person.asked), "choices are shown"
    text = file.read_text(encoding="utf-8")
    file.unlink()
    words = shlex.split(command_of(request))
    assert call(*words[1:], "--no-stack").exit_code == 0
    assert file.read_text(encoding="utf-8") == text, "the command that is shown gives the same file"


def test_wrong_answers_are_asked_again(project: Path) -> None:
    answers = {
        "Id of": ["A", "acme"],
        "Template": ["shop@9.9.9", "shop@1.1.0"],
        "Plan": ["gold", "free"],
        "Shop name": ["", "x" * 200, "Acme"],
    }
    request, person = complete(project, answers, "en")
    assert request.parameters == ("shop_name=Acme",)
    told = "\n".join(person.told)
    for said in ("it must match", "one of: shop@stable", "one of: free", "an answer is needed", "at most 40"):
        assert said in told


def test_what_is_given_is_not_asked(project: Path) -> None:
    given = Request(
        instance="acme",
        template="shop@1.1.0",
        runtime="kubernetes",
        tenant="acme",
        plan="free",
        parameters=("shop_name=Acme", "theme=dark"),
        domains=("shop.acme.example",),
    )
    request, person = complete(project, {}, "en", given)
    assert request.parameters[:2] == ("shop_name=Acme", "theme=dark")
    assert not [question for question in person.asked if "theme" in question or "Id of" in question]


@pytest.mark.parametrize(
    ("text", "schema", "value", "wrong"),
    [
        ("7", {"type": "integer", "minimum": 1}, 7, None),
        ("0", {"type": "integer", "minimum": 1}, 0, "at least 1"),
        ("seven", {"type": "integer"}, "seven", "expected integer"),
        ("a, b", {"type": "array", "items": {"type": "string"}}, ["a", "b"], None),
        ("a, b", {"type": "array", "maxItems": 1}, ["a", "b"], "at most 1 items"),
        ("true", {"type": "boolean"}, True, None),
        ("007", {"type": "string"}, "007", None),
        ("env:KEY", {"type": "object", "required": ["ref"]}, {"ref": {"env": "KEY"}}, None),
        ("s3cret", {"type": "object"}, "s3cret", "where the secret is: env:NAME, file:PATH, stack:KEY or broker:NAME"),
    ],
)
def test_answers(text: str, schema: Schema, value: object, wrong: str | None) -> None:
    found = value_of(text, schema)
    assert found == value
    assert problem_of(found, schema, "en") == wrong
    chinese = problem_of(found, schema, "zh")
    assert (chinese is None) == (wrong is None)
    assert wrong is None or chinese != wrong


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "TENANTRY_LANGUAGE": "zh"}, "zh"),
    ],
)
def test_the_language(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str) -> None:
    for name in ("TENANTRY_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_a_script_is_not_asked(project: Path, call: Call) -> None:
    result = call("new", "tenant")
    assert result.exit_code == 2
    assert "Missing ID, --template, --runtime" in result.output
    result = call(
        "new", "tenant", "acme", "--template", "shop@1.1.0", "--runtime", "kubernetes", "--no-stack", "--json"
    )
    assert result.exit_code == 3
    assert "--param shop_name" in json.loads(result.output)["message"]


TYPED: Final = {"实例 id": "acme", "模板": "shop@1.1.0", "套餐": "free", "店名": "Acme 商城"}


def test_on_a_terminal(project: Path) -> None:
    """The whole command on a pseudo-terminal, in Chinese; questions that are not in the list get Enter."""
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "tenantry_ops", "new", "tenant", "--no-stack"]
    environment = os.environ | {"LC_ALL": "zh_CN.UTF-8", "PYTHONUTF8": "1", "TERM": "dumb"}
    process = subprocess.Popen(command, stdin=follower, stdout=follower, stderr=follower, cwd=project, env=environment)
    os.close(follower)
    seen = ""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([leader], [], [], 0.2)[0]:
            if process.poll() is not None:
                break
            continue
        try:
            seen += os.read(leader, 65536).decode(errors="replace")
        except OSError:
            break
        last = seen.splitlines()[-1] if seen else ""
        if last.endswith(": "):
            answer = next((text for begin, text in TYPED.items() if last.startswith(begin)), "")
            os.write(leader, f"{answer}\n".encode())
            seen += "\n"
    process.wait(10)
    os.close(leader)
    assert process.returncode == 0, seen
    assert "不经提问的等价命令" in seen
    assert load_tenant(project / "tenant_configs/acme.yaml").parameters == {"shop_name": "Acme 商城"}
