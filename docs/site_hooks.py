"""What MkDocs does not do by itself to make a site of this repository.

README, CONTRIBUTING and the notebook become pages as they are, every module gets a page
of its own, links that lead out of `docs/` lead to these, and equations become MathML,
which browsers draw without a script.
"""

import json
import posixpath
import re
from pathlib import Path

from latex2mathml import converter
from mkdocs.structure.files import File

_ROOT = Path(__file__).parents[1]
_TAKEN = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#\s]+)(?:#\S*)?\)")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_EQUATION = re.compile(r"\$\$(.+?)\$\$|(?<![\\\w$])\$([^$\n]+)\$", re.DOTALL)


def on_files(files, config):
    """Adds the pages that lie outside of `docs/`, and lists the modules' in the nav."""
    for source, uri in _TAKEN.items():
        content = (_ROOT / source).read_text()
        files.append(File.generated(config, uri, content=content))
    files.append(File.generated(config, "notebook.md", content=_notebook()))
    pages = []
    for folder in ("salgan_jax", "configs"):
        for path in sorted((_ROOT / folder).rglob("*.py")):
            uri, name = _reference(path.relative_to(_ROOT))
            content = f"# `{name}`\n\n::: {name}\n"
            files.append(File.generated(config, uri, content=content))
            pages.append({name.removeprefix("salgan_jax."): uri})
    config.nav.append({"The code, module by module": pages})
    return files


def on_page_markdown(markdown, page, config, files):
    """Returns the page with links and equations as the site needs them."""
    del config
    sources = {uri: source for source, uri in _TAKEN.items()}
    source = sources.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    here = posixpath.dirname(page.file.src_uri)

    def link(match):
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), match[2]))
        uri = _uri_of(target)
        if files.get_file_from_path(uri):
            return f"[{match[1]}]({posixpath.relpath(uri, here or '.')})"
        return match[1]  # of the repository, not of the site

    parts = _CODE.split(markdown)
    parts[::2] = [_EQUATION.sub(_mathml, part) for part in parts[::2]]
    return _LINK.sub(link, "".join(parts))


def _notebook():
    """The cells of the notebook, one after the other."""
    cells = json.loads((_ROOT / "docs" / "quickstart.ipynb").read_text())["cells"]
    parts = []
    for cell in cells:
        text = "".join(cell["source"])
        is_code = cell["cell_type"] == "code"
        parts.append(f"```python\n{text}\n```" if is_code else text)
    return "\n\n".join(parts)


def _uri_of(target):
    """The page of a path in the repository."""
    if target in _TAKEN:
        return _TAKEN[target]
    if target.startswith(("salgan_jax", "configs")):
        path = Path(target)
        is_folder = (_ROOT / path).is_dir()
        return _reference(path / "__init__.py" if is_folder else path)[0]
    return target.removeprefix("docs/")


def _reference(path):
    """The page of a module, and its name."""
    parts = path.with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return f"reference/{'/'.join(parts).removeprefix('salgan_jax/')}.md", name


def _mathml(match):
    is_block = match[1] is not None
    if is_block:
        return converter.convert(match[1], display="block")
    # Python-Markdown would take a <math> that begins a line for a paragraph.
    return f"<span>{converter.convert(match[2])}</span>"
