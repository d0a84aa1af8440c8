"""What the wizard says, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenantry.spec.parameter_schema import Language

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "intro": (
        "A new instance. Enter takes what stands in brackets; Ctrl-C stops and leaves nothing behind.",
        "新建实例。回车采用方括号中的值；Ctrl-C 停止，不留下任何内容。",
    ),
    "id": ("Id of the instance", "实例 id"),
    "template": ("Template", "模板"),
    "runtime": ("Runtime", "运行时"),
    "tenant": ("Owner", "所有者"),
    "region": ("Region (empty: none)", "地域（可为空）"),
    "plan": ("Plan", "套餐"),
    "domain": ("Host name (empty: none)", "域名（可为空）"),
    "account": ("Account: {name}", "账号：{name}"),
    "secret": (
        "where the secret is: env:NAME, file:PATH, stack:KEY or broker:NAME",
        "机密的来源：env:变量名、file:路径、stack:键 或 broker:名称",
    ),
    "list": ("several, with commas between", "可填多个，用逗号分隔"),
    "empty": ("empty: the default of the template", "空：采用模板的默认值"),
    "required": ("an answer is needed", "必须填写"),
    "enum": ("one of: {allowed}", "只能是：{allowed}"),
    "type": ("expected {allowed}", "应为 {allowed}"),
    "maxLength": ("at most {allowed} characters", "最多 {allowed} 个字符"),
    "minLength": ("at least {allowed} characters", "至少 {allowed} 个字符"),
    "pattern": ("it must match {allowed}", "必须匹配 {allowed}"),
    "minimum": ("at least {allowed}", "至少 {allowed}"),
    "maximum": ("at most {allowed}", "至多 {allowed}"),
    "minItems": ("at least {allowed} items", "至少 {allowed} 项"),
    "maxItems": ("at most {allowed} items", "至多 {allowed} 项"),
    "other": ("this does not fit: {allowed}", "不符合要求：{allowed}"),
    "same": ("The same without questions:", "不经提问的等价命令："),
}


def word(key: str, language: Language, **values: object) -> str:
    """A sentence of the wizard."""
    english, chinese = _WORDS[key]
    return (chinese if language == "zh" else english).format(**values)


def keys() -> frozenset[str]:
    """Every sentence there is."""
    return frozenset(_WORDS)
