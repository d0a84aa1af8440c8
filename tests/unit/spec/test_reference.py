"""The spec reference of the documentation is what the models say, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry.spec.reference import LANGUAGES, Language, missing_translations, reference, unused_translations
from tenantry.spec.reference_prose import PROSE
from tenantry.spec.schema import compose

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_page_is_the_made_one(language: Language) -> None:
    """Renew it with: python -m tenantry.spec.reference docs."""
    assert (DOCS / language / "spec-reference.md").read_text(encoding="utf-8") == reference(language)


def test_every_text_is_translated_and_none_is_left_over() -> None:
    assert missing_translations() == set()
    assert unused_translations() == set()
    assert PROSE["en"].keys() == PROSE["zh"].keys()


def test_every_field_is_explained() -> None:
    page = reference("en")
    for schema in compose({}).values():
        for definition in [schema, *schema["$defs"].values()]:
            for name, field in definition.get("properties", {}).items():
                assert field.get("description"), (definition.get("title"), name)
                assert f"| `{name}` |" in page
