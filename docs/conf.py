"""How the site is made from these pages: `python -m sphinx -W docs build/site`.

Holds what Sphinx asks for and no text; `library.md` names what is documented of the code. Nothing
that is made asks another host for anything.
"""

project = "wfsession"
author = "The wfsession authors"
project_copyright = author
root_doc = "index"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]

# Every heading can be linked to, as it can where the pages are read without the site.
myst_heading_anchors = 3

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
