"""Errors a user can act on: every one is a single sentence and derives from `MSDSError`."""

from __future__ import annotations

import importlib
from types import ModuleType


class MSDSError(Exception):
    """Base of all errors this package raises on purpose; the message is one clear sentence."""


class InputError(MSDSError, ValueError):
    """An image, array, file or argument is not what it must be."""


class WeightsError(MSDSError, RuntimeError):
    """Network weights are missing, damaged, not the published ones, or cannot be fetched."""


class MissingExtraError(MSDSError, ImportError):
    """An optional library is needed that is not installed."""

    def of(self, what: str) -> MissingExtraError:
        """The same, with what needs the library in place of the "This" of `require`."""
        return MissingExtraError(f"{what} {str(self).removeprefix('This ')}")


def require(module: str, extra: str) -> ModuleType:
    """Import an optional library, or say which extra brings it.

    Parameters
    ----------
    module : dotted name of the module to import.
    extra : name of the extra of this distribution that installs it.

    Raises
    ------
    MissingExtraError
        If the module cannot be imported.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        library = module.partition(".")[0]
        is_absent = isinstance(error, ModuleNotFoundError) and error.name == library
        raise MissingExtraError(
            f"This needs {library}, which is not installed: "
            f"run `pip install 'msds-iqa[{extra}]'`{'' if is_absent else f' ({error})'}."
        ) from error
