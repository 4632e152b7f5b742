"""How the site is made from these pages: `python -m sphinx -W docs build/site`.

Holds what Sphinx asks for and no text; `library.md` names what is documented of the code. Nothing
that is made asks another host for anything.
"""

from docutils import nodes  # type: ignore[import-untyped]  # it has no types of its own
from sphinx.application import Sphinx

project = "wfsession"
author = "The wfsession authors"
project_copyright = author
root_doc = "index"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# Every heading can be linked to, as it can where the pages are read without the site.
myst_heading_anchors = 3

# Two hyphens are an option's beginning, and no dash.
smartquotes = False

# The docstrings put code between single backticks.
default_role = "literal"
autodoc_typehints = "signature"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "undoc-members": False}
napoleon_numpy_docstring = False
napoleon_custom_sections = ["On crash", "Source"]
python_use_unqualified_type_names = True

html_theme = "furo"
html_title = "wfsession"
html_show_sphinx = False
html_copy_source = False


def skip_field_number(
    app: Sphinx, what: str, name: str, member: object, is_skipped: bool, options: object
) -> bool | None:
    """Leave out the fields of named tuples, which are in the signature with their types.

    All that could be said of one by itself is its number.
    """
    about = getattr(member, "__doc__", None) or ""
    return True if about.startswith("Alias for field number") else None


def set_dashes(app: Sphinx, page: nodes.document) -> None:
    """Put a dash between a name and its words, where Sphinx counts on `smartquotes` for it."""
    for text in list(page.findall(nodes.Text)):
        if text.startswith(" -- "):
            text.parent.replace(text, nodes.Text(text.replace("--", "\N{EN DASH}", 1)))


def setup(app: Sphinx) -> None:
    """Tell Sphinx what is done otherwise here."""
    app.connect("autodoc-skip-member", skip_field_number)
    app.connect("doctree-read", set_dashes)
