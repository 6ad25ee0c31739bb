"""Directives for lists that the program holds already: ``command-list``, ``option-list`` and ``numeric-list``.

So a command or a setting is written down once, and its documentation is never behind.
"""

from collections.abc import Callable

from docutils import nodes
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from chatroom.core.commands import COMMANDS
from chatroom.doors.irc.numerics import Numeric
from chatroom.model.settings import settings_table
from chatroom.server.options import Options


def command_list() -> list[str]:
    """reST: how each command is used, and what it does."""
    return [line for row in COMMANDS.values() for line in (f"``{row.usage}``", f"    {row.help}", "")]


def option_list() -> list[str]:
    """reST: each option with its unit, default and explanation, and ChatFactory's default where it is another."""
    lines = []
    of_factory = {setting.name.replace("_", "-"): setting.default for setting in settings_table()}
    for name, _letter, default, description in (parameter[:4] for parameter in Options.optParameters):
        unit, _, explanation = description.partition(": ")
        shown = "none" if default == "" else f"``{default}``"
        if of_factory.get(name, default) != default:
            shown += f"; of ``ChatFactory``: ``{of_factory[name]}``"
        lines += [f"``--{name} {unit}``", f"    {explanation}. Default: {shown}.", ""]
    for name, _letter, explanation in Options.optFlags:
        lines += [f"``--{name}``", f"    {explanation}.", ""]
    return lines


def numeric_list() -> list[str]:
    """reST: the numerics that IRC clients are answered with, and what they say."""
    rows = sorted(Numeric, key=lambda numeric: numeric.number)
    return [line for row in rows for line in (f"``{row.number} {row.name}``", f"    {row.text or '(parameters)'}", "")]


class List(SphinxDirective):
    """Stands for the lines of reST that :attr:`lines` returns."""

    lines: Callable[[], list[str]]

    def run(self) -> list[nodes.Node]:
        parent = nodes.Element()
        self.state.nested_parse(StringList(self.lines(), self.name), 0, parent)
        return parent.children


class CommandList(List):
    lines = staticmethod(command_list)


class OptionList(List):
    lines = staticmethod(option_list)


class NumericList(List):
    lines = staticmethod(numeric_list)


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("command-list", CommandList)
    app.add_directive("option-list", OptionList)
    app.add_directive("numeric-list", NumericList)
    return {"parallel_read_safe": True}
