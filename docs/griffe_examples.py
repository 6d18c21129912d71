"""Doctests become sections of their own, which the site shows as code."""

import re
import textwrap

import griffe


class Examples(griffe.Extension):
    """Puts "Examples:" above a docstring's first prompt and indents what follows."""

    def on_object(self, *, obj, **kwargs):
        """Is called for each module, class and function that has been read."""
        del kwargs
        if not obj.docstring or ">>> " not in obj.docstring.value:
            return
        before, after = re.split(
            r"^(?=>>> )", obj.docstring.value, maxsplit=1, flags=re.MULTILINE
        )
        examples = textwrap.indent(after, "    ")
        obj.docstring.value = f"{before}Examples:\n{examples}"
