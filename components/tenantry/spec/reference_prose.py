"""Headings and explanations of the spec reference, in both languages."""

from __future__ import annotations

from typing import Final

_EN: Final = {
    "head": """\
# Spec reference

<!-- Made by `python -m tenantry.spec.reference docs`; a test keeps it equal to the models. -->

Three kinds of YAML files, all with `spec: tenantry/v1`. They are strict: an unknown field, a wrong type or a missing
value is an error with file, line and column. Text is text: only `true` and `false` are boolean, so `on`, `yes` and `no`
need no quotes. Tags, duplicate keys, empty values and files above 1 MiB are refused. `tenantry schema` prints the JSON
Schema for editors, closed by the installed runtimes.""",
    "template": "Template",
    "template-intro": "`templates/<name>/<version>/template.yaml`, beside the folders with the sources.",
    "tenant": "Tenant file",
    "tenant-intro": "`tenant_configs/<instance>.yaml`: one instance.",
    "project": "Project settings",
    "project-intro": "`tenantry.yaml` at the root of a project.",
    "columns": "| field | type | default | meaning |",
    "required": "required",
    "any": "any value",
    "or": " or ",
    "object": "mapping",
    "array": "list",
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "yes": "yes",
    "interpolation": """\
## Interpolation

In `env` of a service and in `ext` of a mini-program, and nowhere else:

- `${param.NAME}`: the tenant's value of a parameter. A list is written as JSON. A parameter without a value leaves the
  whole variable out, and the plan says so.
- `${COMPONENT.FIELD}`: a field of another component: `${orders.host}`, `${web.url}`.
- `${url}`: the instance's URL without a slash at the end.

`$${` stands for the characters `${`. URLs of an instance whose host is known are constants. A secret may only stand in
the environment of a service.""",
    "bindings": """\
## Bindings

`bind: [orders, media]` gives a service the whole environment below; the names are the same on every runtime. In
variable names `-` becomes `_`. Every service also gets `PORT`, `HOST`, `TENANTRY_INSTANCE`, `TENANTRY_TEMPLATE`
(`shop@1.0.0`) and `TENANTRY_URL`; a template cannot set these itself. The S3 operations that a bucket must
know: put, get, head, delete, list (version 2), presigned get and put.""",
    "binding-columns": "| field | variable | secret |",
    "settings": """\
## Plans and overrides

`limits` and `defaults` of a plan name a component and a setting: `api.scale.max`. The template's own value must fit
every plan. A plan's default fills what the tenant leaves open; the tenant's `overrides` win within the limits, and
outside them are errors.""",
    "settings-columns": "| component | settings |",
    "formats": """\
## Formats

Ids have 3 to 40 characters; `param` and `url` are reserved.
""",
    "formats-columns": "| format | pattern |",
}

_ZH: Final = {
    "head": """\
# 规格参考

<!-- 由 `python -m tenantry.spec.reference docs` 生成；测试保证其与模型一致。 -->

共有三种 YAML 文件，均以 `spec: tenantry/v1` 开头。检查是严格的：未知字段、类型错误或缺少取值都会报错，
并给出文件、行和列。文本就是文本：只有 `true` 和 `false` 是布尔值，因此 `on`、`yes`、`no` 无需加引号。
标签、重复的键、空值以及超过 1 MiB 的文件会被拒绝。`tenantry schema` 输出供编辑器使用的
JSON Schema，其中包含已安装运行时的字段。""",
    "template": "模板",
    "template-intro": "`templates/<name>/<version>/template.yaml`，与源码目录放在一起。",
    "tenant": "租户文件",
    "tenant-intro": "`tenant_configs/<instance>.yaml`：一个实例。",
    "project": "项目设置",
    "project-intro": "项目根目录下的 `tenantry.yaml`。",
    "columns": "| 字段 | 类型 | 默认值 | 含义 |",
    "required": "必填",
    "any": "任意值",
    "or": " 或 ",
    "object": "映射",
    "array": "列表",
    "string": "文本",
    "integer": "整数",
    "number": "数字",
    "boolean": "`true`、`false`",
    "yes": "是",
    "interpolation": """\
## 插值

仅用于服务的 `env` 和小程序的 `ext`：

- `${param.NAME}`：参数的租户取值。列表写成 JSON。参数没有取值时整个变量被省略，并在计划中说明。
- `${COMPONENT.FIELD}`：另一组件的字段，如 `${orders.host}`、`${web.url}`。
- `${url}`：实例的 URL，末尾没有斜杠。

`$${` 表示字符 `${` 本身。主机名已知的实例，其 URL 为常量。机密只能出现在服务的环境变量中。""",
    "bindings": """\
## 绑定

`bind: [orders, media]` 使服务获得下列全部环境变量；名称在所有运行时上相同。变量名中的 `-` 变为 `_`。每个服务还会得到
`PORT`、`HOST`、`TENANTRY_INSTANCE`、`TENANTRY_TEMPLATE`（`shop@1.0.0`）和 `TENANTRY_URL`；模板不能自行设置它们。
存储桶必须支持的 S3 操作：put、get、head、delete、list（第 2 版）、预签名 get 和 put。""",
    "binding-columns": "| 字段 | 变量 | 机密 |",
    "settings": """\
## 套餐与覆盖

套餐的 `limits` 和 `defaults` 以组件和设置命名：`api.scale.max`。模板自身的取值须符合每个套餐。套餐的默认值用于
租户未指定之处；租户的 `overrides` 在上限之内优先，超出则报错。""",
    "settings-columns": "| 组件 | 设置 |",
    "formats": """\
## 格式

标识为 3 到 40 个字符；`param` 和 `url` 为保留字。
""",
    "formats-columns": "| 格式 | 模式 |",
}

PROSE: Final = {"en": _EN, "zh": _ZH}
"""Language -> name -> text."""
