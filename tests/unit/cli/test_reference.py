"""The command reference of the documentation is what the help pages say, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tenantry_ops.cli.reference import reference, translations

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_is_up_to_date(language: str) -> None:
    page = (DOCS / language / "cli.md").read_text(encoding="utf-8")
    assert page == reference(language), f"run: python -m tenantry_ops.cli.reference {language} > docs/{language}/cli.md"


def test_no_translation_is_left_over() -> None:
    """Every Chinese text stands on the page: one whose English text has changed is found."""
    page = reference("zh")
    assert [text for text, chinese in translations().items() if chinese not in page] == []
