"""How a launch script starts: flags in, one clear line out when the user erred."""

import errno
import io
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from absl import app, flags, logging

from salgan_jax import config_flag
from salgan_jax.errors import UserError, did_you_mean, printable

flags.disclaim_key_flags()  # --help shows those of a script, defined here or there

_USER_OS_ERRORS = (
    FileNotFoundError,
    FileExistsError,
    PermissionError,
    NotADirectoryError,
    IsADirectoryError,
)
_USER_ERRNOS = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.ENAMETOOLONG)


def run(
    main: Callable[[list[str]], int | None], *, arguments: Sequence[str] = ()
) -> NoReturn:
    """Parses the flags, calls ``main(argv)`` and exits with what it returns.

    A ``UserError``, a path that cannot be used and a wrong flag or config field come
    out as one line on stderr and exit code 2; Ctrl-C as exit code 130. Any other
    exception is a bug: traceback, exit code 1.

    Args:
        main: takes the script's name and its positional arguments, returns the exit
            code (None means 0).
        arguments: names of the positional arguments: ``("DIR",)``. Of the last,
            ``"RUN..."``, there may be several, and of ``"[FIELD=VALUES...]"`` none.
    """
    try:
        code = _outcome(main, arguments)
    except Exception:
        if not _is_joined():
            raise
        traceback.print_exc()
        code = 1
    if _is_joined():
        # The others wait for this process. Without goodbye they notice that it is gone.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)


def define_process_flags() -> Callable[[], None]:
    """Defines --distributed and what belongs to it, and returns what acts on them.

    To be called by `main` before JAX is used.
    """
    distributed = flags.DEFINE_bool(
        "distributed",
        False,
        "Work on this together with other processes, which are started alike; on Cloud "
        "TPU and Slurm they find each other, elsewhere by the next three flags.",
    )
    address = flags.DEFINE_string(
        "coordinator_address", None, "host:port of process 0, free there."
    )
    num_processes = flags.DEFINE_integer("num_processes", None, "How many there are.")
    process_id = flags.DEFINE_integer("process_id", None, "Which one this is, from 0.")

    def join() -> None:
        others = address.value, num_processes.value, process_id.value
        if not distributed.value:
            if others != (None, None, None):
                raise UserError(
                    "--coordinator_address, --num_processes and --process_id need "
                    "--distributed"
                )
            return
        from salgan_jax import processes  # after the flags are checked: JAX is slow

        processes.join(*others)

    return join


def _outcome(main: Callable[[list[str]], int | None], arguments: Sequence[str]) -> int:
    """The exit code after a failure; where the user can mend it, after one line.

    Where nothing fails this does not return: absl exits with what `main` returns.
    """
    try:
        _escape_what_cannot_be_printed()
        _hide_library_chatter()
        app.run(main, flags_parser=lambda argv: _parse_flags(argv, arguments))
    except UserError as error:
        return _complain(_lost_peer(error.__cause__) or str(error))
    except BrokenPipeError:  # the reader, say `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        if not isinstance(error, _USER_OS_ERRORS) and error.errno not in _USER_ERRNOS:
            raise
        name = os.fsdecode(error.filename) if error.filename else ""
        return _complain(f"{printable(name)}: {error.strerror}" if name else error)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        message = _lost_peer(error) or _out_of_memory(error)
        if message is None:
            raise
        return _complain(message)
    raise AssertionError("absl has not exited")


def _lost_peer(error: BaseException | None) -> str | None:
    """What to say if the error is that another process of the run has ended."""
    if error is None or not _is_joined():
        return None
    if not sys.modules["salgan_jax.processes"].is_lost(error):
        return None
    return (
        f"another process of this run has ended, so this one ends too ({error}); "
        "what is saved is good: start all of them again"
    )


def _out_of_memory(error: Exception) -> str | None:
    """What to say if the error is JAX's, that an array has no room on a device."""
    said = str(error).splitlines()[0] if str(error) else ""
    if not (type(error).__name__ == "JaxRuntimeError" and "RESOURCE_EXHAUSTED" in said):
        return None
    return (
        f"the device has too little memory ({said}); what is saved is good: use a "
        "smaller --config.batch_size, --config.data.cache=host, "
        "--config.precision.generator=bfloat16, or end what else uses the device"
    )


def _is_joined() -> bool:
    """Whether this is one of several processes; never the reason to load JAX."""
    jax = sys.modules.get("jax")
    return jax is not None and jax.distributed.is_initialized()


def _complain(message: object) -> int:
    print("error:", printable(" ".join(str(message).split())), file=sys.stderr)
    return 2


def _escape_what_cannot_be_printed() -> None:
    """A file's name may have characters that the terminal's encoding lacks."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _hide_library_chatter() -> None:
    """Keeps lines below ERROR for our own events; orbax alone writes dozens a save.

    Errors with checkpoints are raised, and said by us: neither Orbax's tracebacks are
    shown nor asyncio's, which repeats them for each array. What Pillow warns of in a
    damaged image it either repairs or raises.
    """
    warnings.filterwarnings("ignore", module=r"PIL\.")

    def is_wanted(record: Any) -> bool:
        if record.name == "asyncio" or "/orbax/" in record.pathname:
            return logging.get_verbosity() > logging.INFO
        is_ours = "site-packages" not in record.pathname
        is_asked_for = logging.get_verbosity() > logging.INFO
        return is_ours or is_asked_for or record.levelname in ("ERROR", "CRITICAL")

    logging.get_absl_handler().addFilter(is_wanted)


def _parse_flags(argv: Sequence[str], arguments: Sequence[str]) -> list[str]:
    argv = config_flag.with_defaults(argv)
    try:
        with config_flag.mistakes_named(argv):
            positional = flags.FLAGS(argv)
    except flags.Error as error:
        if "Traceback (most recent call last)" in str(error):
            raise  # a bug inside a config file
        raise UserError(_explain_flag_error(str(error))) from error
    config_flag.help_if_asked()
    _check_arguments(positional[1:], arguments)
    return positional


def _check_arguments(given: Sequence[str], arguments: Sequence[str]) -> None:
    """Raises UserError unless there are as many as expected."""
    needed = sum(not name.startswith("[") for name in arguments)
    may_be_more = bool(arguments) and "..." in arguments[-1]
    if len(given) < needed or (len(given) > len(arguments) and not may_be_more):
        raise UserError(
            f"expected these arguments without a flag: {' '.join(arguments) or 'none'};"
            f" given: {' '.join(given) or 'none'}"
        )


def _explain_flag_error(message: str) -> str:
    message = re.sub(
        r"flag --(\w+)=None: Flag --\1 must have a value other than None\.",
        r"flag --\1 must be given;",
        message,
    ).rstrip(";")
    message = re.sub(r"^flags .*: (flag --\w+ must be given)$", r"\1", message)
    if choice := re.fullmatch(
        r"flag --\w+=(.*): value should be one of <(.*)>", message
    ):
        message += did_you_mean(choice[1], choice[2].split("|"))
    if "Unknown command line flag 'config." in message:
        message = "--config=FILE must be given before any --config.field=value"
    if "Unknown command line flag" in message or "must be given" in message:
        message += " (--help lists the flags)"
    return message
