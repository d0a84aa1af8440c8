"""The gateway's table: hosts, whole path segments, precedence, conflicts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from tenantry_vendor.sandbox.gateway.routing import Backend, Rule, Table, bare_host


def rule(
    host: str,
    path: str,
    *,
    exact: bool = False,
    age: str = "1",
    method: str = "",
    headers: tuple[tuple[str, str], ...] = (),
    deep: bool = False,
    fallback: bool = False,
) -> Rule:
    return Rule(
        host=host,
        path=path,
        exact=exact,
        backends=(Backend(f"{host}{path}"),),
        source=f"{host}{path}@{age}",
        age=(age,),
        method=method,
        headers=headers,
        deep=deep,
        fallback=fallback,
    )


def answer(table: Table, host: str, path: str, method: str = "GET", **headers: str) -> str | None:
    found = table.match(host, path, method, CIMultiDict(headers))
    return None if found is None else found.source


@pytest.mark.parametrize(
    ("path", "matches"),
    [
        ("/api", True),
        ("/api/", True),
        ("/api/x", True),
        ("/apix", False),
        ("/ap", False),
        ("/API", False),
        ("/x/api", False),
    ],
)
@pytest.mark.parametrize("prefix", ["/api", "/api/"])
def test_prefix_matches_whole_segments(prefix: str, path: str, *, matches: bool) -> None:
    assert (answer(Table([rule("a.example", prefix)]), "a.example", path) is not None) is matches


def test_exact_matches_the_whole_path() -> None:
    table = Table([rule("a.example", "/api", exact=True)])
    assert answer(table, "a.example", "/api")
    assert answer(table, "a.example", "/api/") is None


def test_longest_prefix_wins_and_exact_beats_it() -> None:
    table = Table([rule("a", "/"), rule("a", "/api"), rule("a", "/api/v1"), rule("a", "/api/v1", exact=True, age="2")])
    assert answer(table, "a", "/x") == "a/@1"
    assert answer(table, "a", "/api/x") == "a/api@1"
    assert answer(table, "a", "/api/v1/x") == "a/api/v1@1"
    assert answer(table, "a", "/api/v1") == "a/api/v1@2"


def test_method_and_headers_narrow_a_path() -> None:
    table = Table(
        [
            rule("a", "/"),
            rule("a", "/", method="POST", age="2"),
            rule("a", "/", method="POST", headers=(("x-version", "2"),), age="3"),
        ]
    )
    assert answer(table, "a", "/") == "a/@1"
    assert answer(table, "a", "/", "POST") == "a/@2"
    assert answer(table, "a", "/", "POST", **{"X-Version": "2"}) == "a/@3"


def test_most_specific_host_decides_alone() -> None:
    table = Table([rule("a.b.example", "/api"), rule("*.b.example", "/"), rule("*.example", "/"), rule("", "/")])
    assert answer(table, "A.b.example", "/api") == "a.b.example/api@1"
    assert answer(table, "a.b.example", "/other") is None
    assert answer(table, "c.b.example", "/") == "*.b.example/@1"
    assert answer(table, "x.y.b.example", "/") == "/@1"
    assert answer(table, "elsewhere", "/") == "/@1"


def test_wildcards_of_the_gateway_api_cover_any_number_of_labels() -> None:
    table = Table([rule("*.example", "/", deep=True)])
    assert answer(table, "x.y.example", "/")
    assert answer(table, "example", "/") is None


def test_fallback_comes_after_every_other_rule_of_its_host() -> None:
    table = Table([rule("a", "/", fallback=True), rule("a", "/api", age="2"), rule("", "/", fallback=True, age="3")])
    assert answer(table, "a", "/api") == "a/api@2"
    assert answer(table, "a", "/x") == "a/@1"
    assert answer(table, "b", "/x") == "/@3"


def test_oldest_of_two_equal_rules_wins_and_the_conflict_is_told() -> None:
    old, new = rule("a", "/x", age="2020"), rule("a", "/x/", age="2021")
    table = Table([new, old])
    assert answer(table, "a", "/x") == "a/x@2020"
    assert [(each.winner, each.loser) for each in table.conflicts] == [(old, new)]


def test_hosts_are_those_routed_by_name() -> None:
    assert Table([rule("b", "/"), rule("a", "/"), rule("*.c", "/"), rule("", "/")]).hosts == ["a", "b"]


@pytest.mark.parametrize(
    ("header", "host"),
    [("A.Example:80", "a.example"), ("a.example.", "a.example"), ("[::1]:80", "::1"), ("127.1.2.3:8080", "127.1.2.3")],
)
def test_host_header_is_reduced_to_the_host(header: str, host: str) -> None:
    assert bare_host(header) == host


segments = st.lists(st.sampled_from(["a", "b", "ab", ""]), max_size=4).map(lambda parts: "/" + "/".join(parts))


@given(prefixes=st.lists(segments, min_size=1, max_size=6), path=segments)
def test_the_longest_matching_prefix_always_answers(prefixes: list[str], path: str) -> None:
    def is_below(prefix: str) -> bool:
        bare = prefix.rstrip("/")
        return path == bare or path.startswith(bare + "/")

    table = Table([rule("h", prefix, age=f"{index:02}") for index, prefix in enumerate(prefixes)])
    found = table.match("h", path, "GET", CIMultiDict())
    below = [prefix.rstrip("/") for prefix in prefixes if is_below(prefix)]
    assert (None if found is None else len(found.path.rstrip("/"))) == max(map(len, below), default=None)
