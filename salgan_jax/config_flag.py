"""The flag --config of a launch script: a file, changes of its fields, and its help."""

import contextlib
import difflib
import os
import pathlib
import re
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from absl import flags
from ml_collections import ConfigDict
from ml_collections.config_flags import config_flags

from salgan_jax import config as config_module
from salgan_jax import config_help, fields
from salgan_jax.errors import UserError

flags.disclaim_key_flags()  # they are those of the script
_HELP = "help_config"
# Flag -> the file where none is given. They are no defaults of the flags: those are
# loaded, with what changes them, before a mistake can be named.
_DEFAULTS: dict[str, str] = {}


class Given(NamedTuple):
    """What was said on the command line.

    Attributes:
        file: as `configs/osie.py:vgg16`.
        overrides: full name of a field -> value, of each that was changed.
    """

    file: str
    overrides: dict[str, Any]


def define(default: str | None = None) -> flags.FlagHolder[ConfigDict]:
    """Defines --config and --help_config, and returns the former.

    Args:
        default: a file; None: --config must be given.
    """
    by_default = f"; {default} by default" if default else ""
    holder = config_flags.DEFINE_config_file(
        "config",
        None,
        f"A file in configs/{by_default}; --config.batch_size=8 changes a field.",
    )
    flags.DEFINE_bool(
        _HELP,
        False,
        "Print every field of the config with value, unit and source, and end.",
    )
    flags.mark_flag_as_required("config")
    if default is not None:
        _DEFAULTS["config"] = default
    return holder


def define_second(
    name: str, default: str, help_text: str
) -> flags.FlagHolder[ConfigDict]:
    """Defines a flag for another config; its value is None if there is no such file."""
    if os.path.isfile(default):
        _DEFAULTS[name] = default
    return config_flags.DEFINE_config_file(name, None, help_text)


def with_defaults(argv: Sequence[str]) -> list[str]:
    """Returns the command line with the config files that it leaves out."""
    added = [
        f"--{name}={file}"
        for name, file in _DEFAULTS.items()
        if not any(re.match(rf"--?{name}(=|$)", word) for word in argv[1:])
    ]
    return [*argv[:1], *added, *argv[1:]]


def define_required(name: str, help_text: str) -> flags.FlagHolder[str]:
    """Defines a flag that must be given, if more is asked for than --help_config."""
    holder: Any = flags.DEFINE_string(name, None, help_text)
    mark_as_required(name)
    return holder


def mark_as_required(name: str) -> None:
    """Makes a flag one that must be given, if more is asked for than --help_config."""

    def is_given(values: dict[str, Any]) -> bool:
        return bool(values[name]) or values[_HELP]

    message = f"flag --{name} must be given"
    flags.register_multi_flags_validator([name, _HELP], is_given, message)


def given(name: str = "config") -> Given:
    """Returns what was said after --config and --config.FIELD, or after another."""
    flag: Any = flags.FLAGS[name]
    return Given(flag.config_filename, dict(flag.override_values))


def help_if_asked() -> None:
    """Prints the fields of the config and ends the process, if --help_config is there.

    Raises:
        UserError: the config does not hold together.
    """
    if _HELP in flags.FLAGS and flags.FLAGS[_HELP].value:
        config = flags.FLAGS["config"].value
        config_module.validate(config)
        print(config_help.describe(config, given().file))
        sys.exit(0)


@contextlib.contextmanager
def mistakes_named(argv: Sequence[str]) -> Iterator[None]:
    """A block that parses flags, with a line for a wrong config file or field."""
    parsers = {}
    for name in flags.FLAGS:
        flag = flags.FLAGS[name]
        if config_flags.is_config_flag(flag):
            flag.parser = parsers[name] = _ConfigFile(flag.parser)
    try:
        yield
    except (AttributeError, KeyError, ValueError, TypeError, IndexError) as error:
        for name, parser in parsers.items():
            _check_overrides(name, parser.config, argv)
        raise error


class _ConfigFile(flags.ArgumentParser):
    """Loads a config file as ml_collections does, but says at once what is missing."""

    def __init__(self, parser: flags.ArgumentParser) -> None:
        self.config: ConfigDict | None = None
        self._parser = parser

    def parse(self, path: str) -> ConfigDict | None:
        """Returns the config of ``FILE`` or of ``FILE:VARIANT``."""
        file, colon, variant = path.partition(":")
        if not os.path.isfile(file):
            raise UserError(
                f"there is no config file {file!r}; see configs/{_meant(file)}"
            )
        try:
            self.config = self._parser.parse(path)
        except (TypeError, ValueError) as error:
            cause = (
                error.__context__
            )  # ml_collections puts a whole traceback into error
            if isinstance(cause, UserError):
                raise cause from None
            if colon and "get_config() takes" in str(cause):
                raise UserError(f"{file} has no variants, given: {variant!r}") from None
            raise
        return self.config

    def flag_type(self) -> str:
        """Returns the word that --help shows."""
        return "config file"


def _meant(file: str) -> str:
    """The end of a message: a config file of a like name, in that folder or in ours."""
    folders = pathlib.Path("configs"), pathlib.Path(file).parent
    found = {path.stem: path for folder in folders for path in folder.glob("*.py")}
    close = difflib.get_close_matches(pathlib.Path(file).stem, found, n=1)
    return f"; did you mean {found[close[0]]}?" if close else ""


def _check_overrides(name: str, config: ConfigDict | None, argv: Sequence[str]) -> None:
    """Raises UserError for the first ``--config.field`` that the config lacks."""
    for argument in argv:
        override = re.match(rf"--?(?:no)?{name}\.([^=]+)", argument)
        node: Any = config
        for field in override[1].split(".") if override and config else ():
            field = field.partition("[")[0]
            if not isinstance(node, ConfigDict):
                raise UserError(f"{argument}: no fields below {node!r}")
            if field not in node:
                known = fields.flat(config.to_dict() if config else {})
                meant = fields.nearest(override[1] if override else field, known)
                hint = f"did you mean {meant}? " if meant else ""
                raise UserError(
                    f"{argument}: unknown field {field!r}; {hint}"
                    f"known here: {', '.join(sorted(node))}"
                )
            node = node[field]
