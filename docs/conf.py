"""How the documentation is built: ``make docs``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from chatroom.version import __version__

project = "chatroom"
copyright = "2026, the chatroom authors"
version = release = __version__
extensions = ["tables"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_theme_options = {"description": "One room, many doors"}
html_show_sourcelink = False
