"""Templates: fields, references between the parts, plans, sources."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tenantry.errors import SpecError
from tenantry.spec import load_template
from tenantry.spec.check_template import routes_of
from tenantry.spec.components import Bucket, Database, MiniProgram, Schedule, Service, Site

if TYPE_CHECKING:
    from tests.unit.spec.conftest import Workbench

FIXTURES = Path(__file__).parent / "fixtures"
Change = Callable[[dict[str, Any]], object]


def put(path: str, value: object) -> Change:
    """Sets a value; `...` removes the key. Path steps are separated by `/`."""

    def change(data: dict[str, Any]) -> None:
        *above, last = path.split("/")
        node: Any = data
        for step in above:
            node = node[step]
        if value is ...:
            del node[last]
        else:
            node[last] = value

    return change


def test_every_component_type_is_modelled() -> None:
    template = load_template(FIXTURES / "full" / "2.1.0")
    found = {type(component) for component in template.components.values()}
    assert found == {Service, Site, Database, Bucket, Schedule, MiniProgram}
    assert template.title.zh == "全部"
    assert template.extensions == {"testing": {"zone": "blue"}}
    assert template.checked


@pytest.mark.parametrize(
    ("path", "value", "place", "message"),
    [
        ("name", "Full", "name", "an id"),
        ("version", "2.1", "version", "such as 1.2.0"),
        ("version", "v2.1.0", "version", "such as 1.2.0"),
        ("version", "02.1.0", "version", "such as 1.2.0"),
        ("version", 2.1, "version", "write it in quotes"),
        ("title", ..., "", "`title` is missing"),
        ("title", {"zh": "x"}, "title", "`en` is missing"),
        ("components", {}, "components", "at least 1"),
        ("components", ..., "", "`components` is missing"),
        ("components/param", {"type": "bucket"}, "components.param", "reserved"),
        ("components/url", {"type": "bucket"}, "components.url", "reserved"),
        ("components/media/type", "buckett", "components.media", "did you mean bucket?"),
        ("components/media/type", ..., "components.media", "`type` is missing"),
        ("components/media/public", "yes", "components.media.public", "expected true or false, found text"),
        ("components/api/source", ..., "components.api", "exactly one of source, image, found none"),
        ("components/api/image", "x@sha256:" + "0" * 64, "components.api", "found source, image"),
        ("components/api/runtime", ..., "components.api", "`source` needs runtime"),
        ("components/api/command", ..., "components.api", "`source` needs command"),
        ("components/api/command", [], "components.api.command", "at least 1"),
        ("components/api/command", "python main.py", "components.api.command", "expected a list, found text"),
        ("components/worker/runtime", "python3.11", "components.worker", "belongs to `source`"),
        ("components/worker/image", "nginx:latest", "components.worker.image", "with its digest"),
        ("components/api/source", "../api", "components.api.source", "inside the template"),
        ("components/api/source", "./api/../../x", "components.api.source", "inside the template"),
        ("components/api/source", "/etc", "components.api.source", "inside the template"),
        ("components/api/source", "./.git", "components.api.source", "inside the template"),
        ("components/api/source", "./missing", "components.api.source", "there is no folder"),
        ("components/api/source", "./api/program", "components.api.source", "not a folder"),
        ("components/api/health", "healthz", "components.api.health", "begins with /"),
        ("components/api/resources/cpu", 0, "components.api.resources.cpu", "at least 0.001"),
        ("components/api/resources/cpu", "250", "components.api.resources.cpu", "0.25 or 250m"),
        ("components/api/resources/memory", 512, "components.api.resources.memory", "expected text"),
        ("components/api/resources/memory", "0Mi", "components.api.resources.memory", "512Mi"),
        ("components/api/scale/min", 2, "components.api.scale.min", "above scale.max"),
        ("components/api/scale/min", -1, "components.api.scale.min", "at least 0"),
        ("components/api/scale/concurrency", 0, "components.api.scale.concurrency", "at least 1"),
        ("components/api/bind", ["order"], "components.api.bind[0]", "did you mean orders?"),
        ("components/api/bind", ["web"], "components.api.bind[0]", "is a site, expected a database or bucket"),
        ("components/api/bind", ["media", "media"], "components.api.bind[1]", "bound twice"),
        ("components/api/env/PORT", "80", "components.api.env.PORT", "given by the runtime"),
        ("components/api/env/HOST", "x", "components.api.env.HOST", "given by the runtime"),
        ("components/api/env/TENANTRY_URL", "x", "components.api.env.TENANTRY_URL", "given by the runtime"),
        ("components/api/env/TENANTRY_X", "x", "components.api.env.TENANTRY_X", "given by the runtime"),
        ("components/api/env/ORDERS_HOST", "x", "components.api.env.ORDERS_HOST", "given by the binding of `orders`"),
        ("components/api/env/A-B", "x", "components.api.env.A-B", "a variable name"),
        ("components/api/env/X", "${param.shopname}", "components.api.env.X", "did you mean shop_name?"),
        ("components/api/env/X", "${order.url}", "components.api.env.X", "did you mean orders?"),
        ("components/api/env/X", "${orders.hots}", "components.api.env.X", "did you mean host?"),
        ("components/api/env/X", "${nightly.url}", "components.api.env.X", "a schedule has no fields"),
        ("components/api/env/X", "${worker.url}", "components.api.env.X", "`worker` has no route"),
        ("components/api/env/X", "${HOME}", "components.api.env.X", "write $${ for the characters ${"),
        ("components/api/env/X", "${", "components.api.env.X", "cannot be resolved"),
        ("components/api/env/X", "${ param.theme }", "components.api.env.X", "cannot be resolved"),
        ("components/api/env/X", "${param.a.b}", "components.api.env.X", "cannot be resolved"),
        ("components/api/env/X", "LTAI5tQnKxAbCdEfGhIjKlMn", "components.api.env.X", "looks like a secret"),
        ("components/api/env/DB_PASSWORD", "hunter2", "components.api.env.DB_PASSWORD", "looks like a secret"),
        ("components/api/migrate/rollback", "unsafe", "components.api.migrate.rollback", "safe or forward-only"),
        ("components/api/migrate/timeout", 0, "components.api.migrate.timeout", "at least 1"),
        ("components/web/index", "../index.html", "components.web.index", "a file inside the folder"),
        ("components/web/index", "start.html", "components.web.index", "there is no file web/start.html"),
        ("components/web/not_found", "nope.html", "components.web.not_found", "there is no file web/nope.html"),
        ("components/orders/engine", "mongodb", "components.orders.engine", "postgresql or mysql"),
        ("components/orders/version", 15, "components.orders.version", "write it in quotes"),
        ("components/orders/size", "smal", "components.orders.size", "did you mean small?"),
        ("components/nightly/cron", "0 3 * *", "components.nightly.cron", "five fields"),
        ("components/nightly/cron", "0 24 * * *", "components.nightly.cron", "hour"),
        ("components/nightly/cron", "@daily", "components.nightly.cron", "five fields"),
        ("components/nightly/timezone", "Asia/Shangai", "components.nightly.timezone", "did you mean Asia/Shanghai?"),
        ("components/nightly/target", "web", "components.nightly.target", "is a site, expected a service"),
        ("components/nightly/target", "apo", "components.nightly.target", "did you mean api?"),
        ("components/nightly/path", "tasks", "components.nightly.path", "begins with /"),
        ("components/mini/sources", {}, "components.mini.sources", "at least 1"),
        ("components/mini/ext/key", "${param.pay_key}", "components.mini.ext.key", "would become public"),
        ("components/mini/ext/key", "${orders.password}", "components.mini.ext.key", "would become public"),
        ("components/mini/ext/key", "${orders.url}", "components.mini.ext.key", "would become public"),
        ("routes/~1", "webb", "routes.~1", "expected a path prefix"),
        ("routes", {"/": "webb"}, "routes./", "did you mean web?"),
        ("routes", {"/": "orders"}, "routes./", "is a database, expected a service or site"),
        ("routes", {"/api/": "api"}, "routes./api/", "without a slash at the end"),
        ("routes", {"/../x": "api"}, "routes./../x", "segment"),
        ("plans/pro/limits/api.scale.mx", 1, "plans.pro.limits.api.scale.mx", "did you mean scale.max?"),
        ("plans/pro/limits/apo.scale.max", 1, "plans.pro.limits.apo.scale.max", "did you mean api?"),
        ("plans/pro/limits/web.size", "small", "plans.pro.limits.web.size", "no setting"),
        ("plans/pro/limits/api.scale.max", "ten", "plans.pro.limits.api.scale.max", "a whole number"),
        ("plans/pro/limits/api.scale.max", 0.5, "plans.pro.limits.api.scale.max", "a whole number"),
        ("plans/pro/limits/orders.size", "huge", "plans.pro.limits.orders.size", "small, medium or large"),
        ("plans/pro/limits/api.resources.memory", "128Mi", "plans.pro.limits.api.resources.memory", "own value 512Mi"),
        ("plans/pro/limits/api.resources.cpu", 0.2, "plans.pro.limits.api.resources.cpu", "own value 250m"),
        ("plans/pro/defaults/api.scale.max", 11, "plans.pro.defaults.api.scale.max", "above the plan's own limit"),
        ("plans/pro/defaults/api.scale.min", 4, "plans.pro.defaults.api.scale.min", "above scale.max 3"),
        ("meters/requests/of", "apo", "meters.requests.of", "did you mean api?"),
        ("publisher/url", "example.com", "publisher.url", "expected"),
        ("extensions", {"testing": 1}, "extensions.testing", "expected a mapping"),
    ],
)
def test_one_mistake(bench: Workbench, path: str, value: object, place: str, message: str) -> None:
    found = bench.template_problems(put(path, value))
    fitting = [problem for problem in found if problem.path == place and message in str(problem)]
    assert fitting, "\n".join(map(str, found))
    assert fitting[0].line > 0


@pytest.mark.parametrize(
    ("rules", "place", "message"),
    [
        ({"type": "strnig"}, "type", "did you mean string?"),
        ({"type": "integer", "maxLength": 3}, "maxLength", "does not fit the type integer"),
        ({"type": "string", "min": 3}, "min", "does not fit the type string"),
        ({"type": "string", "items": {"type": "string"}}, "items", "does not fit"),
        ({"type": "array"}, "", "needs `items`"),
        ({"type": "array", "items": {"type": "string", "min": 1}}, "items.min", "does not fit"),
        ({"type": "integer", "min": 3, "max": 2}, "min", "larger than `max`"),
        ({"type": "string", "minLength": 3, "maxLength": 2}, "minLength", "larger than"),
        ({"type": "string", "pattern": "("}, "pattern", "cannot be used"),
        ({"type": "string", "pattern": "(?=a)b"}, "pattern", "look-around"),
        ({"type": "string", "pattern": r"(a)\1"}, "pattern", "backreferences"),
        ({"type": "string", "pattern": "((a{1000}){1000}){1000}"}, "pattern", "cannot be used"),
        ({"type": "string", "default": 3}, "default", "expected text"),
        ({"type": "integer", "default": 3.5}, "default", "expected a whole number"),
        ({"type": "integer", "default": True}, "default", "expected a whole number"),
        ({"type": "integer", "max": 2, "default": 3}, "default", "at most 2"),
        ({"type": "string", "enum": ["aa", "bb"], "default": "c"}, "default", "one of: aa, bb"),
        ({"type": "string", "enum": ["aa", 1]}, "enum[1]", "expected text"),
        ({"type": "string", "enum": ["aaa"], "maxLength": 2}, "enum[0]", "at most 2 characters"),
        ({"type": "string", "default": "abc", "pattern": "^[0-9]+$"}, "default", "matches"),
        ({"type": "string", "required": True, "default": "x"}, "default", "needs no default"),
        ({"type": "string", "secret": True, "default": "x"}, "default", "cannot have `default`"),
        ({"type": "integer", "secret": True}, "secret", "only a parameter of type string"),
        ({"type": "array", "items": {"type": "integer"}, "default": [1, "x"]}, "default[1]", "a whole number"),
        ({"type": "array", "items": {"type": "integer"}, "default": [1], "minItems": 2}, "default", "at least 2 items"),
        ({"type": "string", "maxlength": 3}, "maxlength", "did you mean maxLength?"),
    ],
)
def test_one_mistake_in_a_parameter(bench: Workbench, rules: dict[str, Any], place: str, message: str) -> None:
    found = bench.template_problems(put("parameters/extra", rules))
    at = "parameters.extra" + (f".{place}" if place else "")
    assert [problem for problem in found if problem.path == at and message in str(problem)], [str(p) for p in found]


def test_patterns_never_take_long(bench: Workbench) -> None:
    text = "a" * 4000 + "!"
    started = time.process_time()
    with pytest.raises(SpecError, match="matches"):
        bench.template(put("parameters/extra", {"type": "string", "pattern": "^(a+)+$", "default": text}))
    assert time.process_time() - started < 2


def test_binding_names_that_meet(bench: Workbench) -> None:
    def change(data: dict[str, Any]) -> None:
        data["components"]["media-public"] = {"type": "bucket"}
        data["components"]["api"]["bind"] = ["media", "media-public"]

    found = bench.template_problems(change)
    assert "both give the variable MEDIA_PUBLIC_ENDPOINT" in found[0].message


def test_mistakes_of_every_stage_at_once(bench: Workbench) -> None:
    def change(data: dict[str, Any]) -> None:
        data["titel"] = data.pop("title")
        data["components"]["api"]["source"] = "../x"
        data["components"]["api"]["env"]["PORT"] = "80"
        data["components"]["web"] = {"type": "sight"}
        data["routes"]["/x"] = "nothing"
        data["parameters"]["theme"]["default"] = "green"

    found = {problem.path for problem in bench.template_problems(change)}
    assert found == {
        "",
        "titel",
        "components.api.source",
        "components.api.env.PORT",
        "components.web",
        "routes./x",
        "parameters.theme.default",
    }


def test_a_broken_component_is_not_called_unknown(bench: Workbench) -> None:
    found = bench.template_problems(put("components/orders/engine", 5))
    assert [problem.path for problem in found] == ["components.orders.engine"]


def test_default_routes(bench: Workbench) -> None:
    def site_and_service(data: dict[str, Any]) -> None:
        del data["routes"], data["components"]["worker"]

    assert routes_of(bench.template(site_and_service)) == {"/": "web"}

    def two_sites(data: dict[str, Any]) -> None:
        del data["routes"]
        data["components"]["shop"] = {"type": "site", "source": "./web"}

    assert "`routes` is missing: web and shop" in bench.template_problems(two_sites)[0].message

    def only_service(data: dict[str, Any]) -> None:
        del data["routes"], data["components"]["web"], data["components"]["worker"]
        del data["components"]["api"]["env"]["WEB"]

    assert routes_of(bench.template(only_service)) == {"/": "api"}


@pytest.mark.parametrize("kind", ["source", "parent", "template"])
def test_symbolic_links_are_refused(bench: Workbench, tmp_path: Path, kind: str) -> None:
    bench.template()
    folder = bench.folder / "template"
    if kind == "source":
        (folder / "api").rename(tmp_path / "elsewhere")
        (folder / "api").symlink_to(tmp_path / "elsewhere")
    elif kind == "parent":
        (folder / "mini").rename(tmp_path / "elsewhere")
        (folder / "mini").symlink_to(tmp_path / "elsewhere")
    else:
        (folder / "template.yaml").rename(tmp_path / "elsewhere.yaml")
        (folder / "template.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    with pytest.raises(SpecError, match="symbolic link"):
        load_template(folder)


def test_a_pipe_as_template_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "template.yaml")
    with pytest.raises(SpecError, match="regular file"):
        load_template(tmp_path)
