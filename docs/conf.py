"""The documentation site: ``make docs`` builds it into ``build/docs``, without a network and without a warning."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_ext")]
# what pages run must be the edgestab beside them, in this interpreter
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(HERE.parent), os.environ.get("PYTHONPATH"))))
os.environ["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"

project = "edgestab"
author = "The edgestab authors"
copyright = author

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "gallery",
    "mathml",
    "mathematics",
    "more",
    "reference",
    "toggles",
]
exclude_patterns = [
    "_ext",
    "_templates",
    "generated/gallery_scripts",
    "generated/gallery/*.ipynb",
    "generated/gallery/*.py",
]
suppress_warnings = ["config.cache"]
nitpicky = False
default_role = "code"

# pages
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath", "attrs_block", "attrs_inline"]
myst_heading_anchors = 3
myst_update_mathjax = False
nb_execution_mode = "force"
# for one cell; a notebook takes well under a minute on an idle machine
nb_execution_timeout = 180
nb_execution_raise_on_error = True
nb_merge_streams = True
copybutton_prompt_text = r">>> |\.\.\. |\$ "
copybutton_prompt_is_regexp = True
copybutton_only_copy_prompt_lines = False

# reference
autosummary_generate = True
autosummary_generate_overwrite = True
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
napoleon_numpy_docstring = False
napoleon_custom_sections = [("Source", "notes_style"), ("Attributes", "params_style")]
napoleon_use_rtype = False
python_use_unqualified_type_names = True
add_module_names = False

# look
html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
templates_path = ["_templates"]
html_static_path = ["_static"]
html_css_files = ["edgestab.css"]
html_favicon = "_static/favicon.svg"
html_title = "edgestab"
html_show_sourcelink = False
html_copy_source = False
html_context = {"default_mode": "auto"}
html_theme_options = {
    "logo": {"text": "edgestab"},
    "navbar_align": "left",
    "header_links_before_dropdown": 7,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "show_nav_level": 1,
    "navigation_depth": 2,
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
html_sidebars: dict[str, list[str]] = {"index": [], "tutorial": []}

# gallery: one figure, one command
sphinx_gallery_conf = {
    "examples_dirs": ["generated/gallery_scripts"],
    "gallery_dirs": ["generated/gallery"],
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "show_memory": False,
    "show_signature": False,
    "min_reported_time": 10_000,
    "remove_config_comments": True,
    "write_computation_times": False,
    "image_scrapers": ("gallery",),
    "abort_on_example_error": True,
    "nested_sections": False,
    "within_subsection_order": "FileNameSortKey",
}
