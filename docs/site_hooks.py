"""What MkDocs does not do by itself to make a site of this repository.

README and CONTRIBUTING become pages as they are, every module of the package gets a
page of its own, links that lead out of `docs/` lead to these, and equations become
MathML, which browsers draw without a script.
"""

import posixpath
import re
from pathlib import Path

from latex2mathml import converter
from mkdocs.structure.files import File

_ROOT = Path(__file__).parents[1]
_TAKEN = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md"}
_LINK = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)")
_CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)
_EQUATION = re.compile(r"\$\$(.+?)\$\$|(?<![\\\w$])\$([^$\n]+)\$", re.DOTALL)


def on_files(files, config):
    """Adds the pages that lie outside of `docs/`, and lists the modules' in the nav."""
    for source, uri in _TAKEN.items():
        content = (_ROOT / source).read_text()
        files.append(File.generated(config, uri, content=content))
    pages = []
    for path in sorted((_ROOT / "salgan_jax").rglob("*.py")):
        uri, name = _reference(path.relative_to(_ROOT))
        files.append(File.generated(config, uri, content=f"# `{name}`\n\n::: {name}\n"))
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
        target = posixpath.normpath(
            posixpath.join(posixpath.dirname(source), match[2])
        )
        uri = _uri_of(target)
        known = files.get_file_from_path(uri)
        return f"{match[1]}{posixpath.relpath(uri, here or '.')}" if known else match[0]

    parts = _CODE.split(markdown)
    parts[::2] = [_EQUATION.sub(_mathml, part) for part in parts[::2]]
    return _LINK.sub(link, "".join(parts))


def _uri_of(target):
    """The page of a path in the repository."""
    if target in _TAKEN:
        return _TAKEN[target]
    if target.startswith("salgan_jax"):
        path = Path(target)
        is_folder = (_ROOT / path).is_dir()
        return _reference(path / "__init__.py" if is_folder else path)[0]
    return target.removeprefix("docs/")


def _reference(path):
    """The page of a module, and its name."""
    parts = path.with_suffix("").parts
    name = ".".join(parts).removesuffix(".__init__")
    return f"reference/{posixpath.join(*parts[1:])}.md", name


def _mathml(match):
    is_block = match[1] is not None
    display = "block" if is_block else "inline"
    return converter.convert(match[1] or match[2], display=display)
