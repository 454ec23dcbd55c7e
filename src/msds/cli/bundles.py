"""Options that travel together: a frozen dataclass is a bundle, and a verb takes bundles.

A field is an option or an argument of the command, declared as typer has it: annotated with
`typer.Option` or `typer.Argument`, the field's default being the option's.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints


def unbundled(verb: Callable[..., None]) -> Callable[..., None]:
    """A verb as typer takes it: its parameters are the fields of the bundles, in their order.

    Parameters
    ----------
    verb : whose parameters are all annotated with dataclasses.
    """
    bundles = {name: kind for name, kind in get_type_hints(verb).items() if name != "return"}
    hints = {name: get_type_hints(kind, include_extras=True) for name, kind in bundles.items()}
    parameters = [
        inspect.Parameter(
            one.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=_default(one),
            annotation=hints[name][one.name],
        )
        for name, kind in bundles.items()
        for one in fields(kind)
    ]

    @functools.wraps(verb)
    def command(**values: Any) -> None:
        verb(
            **{
                name: kind(**{one.name: values[one.name] for one in fields(kind)})
                for name, kind in bundles.items()
            }
        )

    # typer reads both; what `wraps` points to would be the verb's own.
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {one.name: one.annotation for one in parameters}
    del command.__wrapped__
    return command


def _default(one: Field[Any]) -> Any:
    return inspect.Parameter.empty if one.default is MISSING else one.default
