"""Reading YAML: bounded, positions kept, YAML 1.2 scalars, never a traceback."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenantry.errors import Problem, SpecError
from tenantry.spec.events import MAX_ALIASES, MAX_DEPTH, MAX_EXPANDED, MAX_NODES
from tenantry.spec.yamlfile import MAX_BYTES, parse_document, read_document

if TYPE_CHECKING:
    from pathlib import Path


def parse(text: str) -> dict[str, Any]:
    document = parse_document(text.encode(), "file.yaml")
    assert document.problems == ()
    assert isinstance(document.data, dict)
    return document.data


def problems(raw: str | bytes) -> list[Problem]:
    """What is said about a file, whether reading could go on or not."""
    try:
        return list(parse_document(raw.encode() if isinstance(raw, str) else raw, "file.yaml").problems)
    except SpecError as error:
        return list(error.problems)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("No", "No"),
        ("12:30:45", "12:30:45"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("1.2.0", "1.2.0"),
        ("true", True),
        ("False", False),
        ("010", 10),
        ("0o17", 15),
        ("0xff", 255),
        ("-7", -7),
        ("1.50", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("'1'", "1"),
        ('"null"', "null"),
        ("=", "="),
        ("+", "+"),
    ],
)
def test_scalars_follow_yaml_1_2(text: str, value: object) -> None:
    found = parse(f"key: {text}\n")["key"]
    assert found == value
    assert type(found) is type(value)


def test_keys_are_text() -> None:
    assert parse("{on: a, yes: b, 1: c, true: d}") == {"on": "a", "yes": "b", "1": "c", "true": "d"}


def test_places_of_keys_and_values() -> None:
    source = parse_document(b"a:\n  - x\n  - {b:   c}\n", "file.yaml").source
    assert source.at(("a", 1, "b")) == (3, 11)
    assert source.at(("a", 1, "b"), on_key=True) == (3, 6)
    assert source.at(("a", 1, "missing")) == (3, 5)
    assert source.at(("nowhere",)) == (1, 1)


def test_places_count_characters_and_not_bytes() -> None:
    assert parse_document("{名: 店, b: [c]}".encode(), "f").source.at(("b",)) == (1, 11)


def test_byte_order_mark_and_windows_lines() -> None:
    document = parse_document(b"\xef\xbb\xbfa: 1\r\nb: 2\r\n", "f")
    assert document.data == {"a": 1, "b": 2}
    assert document.source.at(("b",)) == (2, 4)


@pytest.mark.parametrize(
    ("raw", "message", "line", "column"),
    [
        (b"", "empty", 0, 0),
        (b"# only a comment\n", "empty", 0, 0),
        (b"---\n", "empty", 0, 0),
        (b"null\n", "empty", 0, 0),
        (b"a: 1\n---\nb: 2\n", "second document", 2, 1),
        (b"a: \xff\n", "0xFF is not UTF-8", 1, 4),
        (b"b: 1\na: \xe5\xba\x97\xff\n", "0xFF is not UTF-8", 2, 5),
        ("a: 1".encode("utf-16"), "UTF-16", 0, 0),
        (b"a: 1\nb: \x00\n", "U+0000", 2, 4),
        (b"a: 1\nb: \x1b[0m\n", "U+001B", 2, 4),
        (b"a: [1, 2\n", "not valid YAML", 2, 1),
        (b"a: b: c\n", "not valid YAML", 1, 5),
        (b"\ta: 1\n", "not valid YAML", 1, 1),
        (b'a: "\\ud800"\n', "not valid YAML", 1, 7),
        (b"a: 1\na: 2\n", "appears twice, first in line 1", 2, 1),
        (b"a: {b: 1, b: 1}\n", "appears twice", 1, 11),
        (b"a: !!python/object/apply:os.system [ls]\n", "tag", 1, 4),
        (b"a: !!str x\n", "tag", 1, 4),
        (b"!!map {a: 1}\n", "tag", 1, 1),
        (b"a: !custom x\n", "tag", 1, 4),
        (b"a: .inf\n", "not a number", 1, 4),
        (b"a: -.INF\n", "not a number", 1, 4),
        (b"a: .nan\n", "not a number", 1, 4),
        (b"a: 1e999\n", "too large", 1, 4),
        (b"a: 99999999999999999999\n", "too large", 1, 4),
        (b"a: " + b"9" * 500_000, "too large", 1, 4),
        (b"a:\nb: 1\n", "no value", 1, 3),
        (b"a: [1, ~]\n", "no value", 1, 8),
        (b"a: *b\n", "has no anchor", 1, 4),
        (b"a: &b [*b]\n", "inside the value", 1, 8),
        (b"a: &b 1\n*b : 2\n", "cannot be a key", 2, 1),
        (b"{[a]: 1}\n", "cannot be a key", 1, 2),
        (b"? {a: 1}\n: 2\n", "cannot be a key", 1, 3),
        (b"a: &x {b: 1}\nc:\n  <<: *x\n", "merge keys", 3, 3),
    ],
)
def test_what_is_refused(raw: bytes, message: str, line: int, column: int) -> None:
    found = problems(raw)
    assert [problem for problem in found if message in problem.message], [str(problem) for problem in found]
    assert (found[0].line, found[0].column) == (line, column)


def test_all_problems_at_once() -> None:
    found = problems("a: .inf\nb: !x 1\nb: 2\nc:\nd: [*e]\n")
    assert [problem.line for problem in found] == [1, 2, 3, 4, 5]


def test_anchors_may_be_used() -> None:
    assert parse("a: &x {b: [1]}\nc: *x\nd: [*x]\n") == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}]}


def test_alias_bomb() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    started = time.process_time()
    found = problems("\n".join(lines))
    assert time.process_time() - started < 0.5
    assert "aliases" in found[0].message


def test_few_aliases_of_much() -> None:
    text = f"a: &a [{', '.join(['x'] * (MAX_EXPANDED // 2))}]\nb: *a\nc: *a\nd: *a\n"
    assert f"more than {MAX_EXPANDED}" in problems(text)[0].message


def test_many_aliases() -> None:
    text = "a: &a 1\nb: [" + ", ".join(["*a"] * (MAX_ALIASES + 1)) + "]\n"
    assert f"more than {MAX_ALIASES} aliases" in problems(text)[0].message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? ", "[a, {b: ["])
def test_deep_nesting(opening: str) -> None:
    started = time.process_time()
    found = problems(opening * 100_000)
    assert time.process_time() - started < 1
    assert found
    assert f"deeper than {MAX_DEPTH}" in found[-1].message or "cannot be a key" in found[-1].message


def test_many_values() -> None:
    assert f"more than {MAX_NODES}" in problems("[" + "1," * MAX_NODES + "1]")[-1].message


def test_problems_are_bounded() -> None:
    assert len(problems("".join(f"k{n}: .inf\n" for n in range(5000)))) == 100


def test_a_large_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "large.yaml"
    with file.open("wb") as handle:
        handle.truncate(50 * 1024 * 1024)
    taken: list[int] = []
    read = os.read

    def counting(descriptor: int, length: int) -> bytes:
        chunk = read(descriptor, length)
        taken.append(len(chunk))
        return chunk

    monkeypatch.setattr(os, "read", counting)
    with pytest.raises(SpecError, match="larger than 1024 KiB"):
        read_document(file)
    assert sum(taken) == 0


def test_an_endless_file_is_read_to_the_limit(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "growing.yaml"
    file.write_bytes(b"a: 1\n")
    monkeypatch.setattr(os, "read", lambda _descriptor, length: b"#" * min(length, 65536))
    with pytest.raises(SpecError, match="larger than"):
        read_document(file)


def test_the_limit_itself_is_accepted(tmp_path: Path) -> None:
    file = tmp_path / "full.yaml"
    file.write_bytes(b"a: 1\n#" + b"x" * (MAX_BYTES - 6))
    assert read_document(file).data == {"a": 1}


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe", "device", "nul"])
def test_what_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "it.yaml"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "nul":
        path = tmp_path / "a\0b.yaml"
    with pytest.raises(SpecError) as caught:
        read_document(path)
    assert len(caught.value.problems) == 1


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes(raw: bytes) -> None:
    problems(raw)


yaml_text = st.text(alphabet=st.sampled_from(list("ab1.:-? [],{}&*!|>'\"#%@`\n\t~<on")), max_size=80)


@settings(max_examples=500, deadline=None)
@given(yaml_text)
def test_any_text_that_looks_like_yaml(text: str) -> None:
    for problem in problems(text):
        assert problem.message
        assert problem.line <= text.count("\n") + 2
