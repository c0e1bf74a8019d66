"""The page of commands is that of the commands there are."""

import make_command_docs


def test_the_page_is_current():
    made = make_command_docs.page()
    kept = make_command_docs.PAGE.read_text(encoding="utf-8")
    assert made == kept, "python tests/make_command_docs.py writes docs/commands.md anew"
