"""Arrays out of files that were written by `pickle` or `torch.save`, and nothing but arrays.

A pickle is a program. It is read here by an unpickler that knows three names, those a NumPy array
is written with, and gives each a harmless stand-in: no code of NumPy's, nor anybody else's, runs
while a pickle is read. What is left is a tree of mappings whose leaves say "so many numbers of this
type in these bytes", which is checked before an array is made of it.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from msds.errors import WeightsError

_OPERATIONS = {
    *("PROTO", "FRAME", "STOP", "MARK", "EMPTY_DICT", "SETITEM", "SETITEMS"),
    *("GLOBAL", "STACK_GLOBAL", "REDUCE", "BUILD", "NONE", "NEWTRUE", "NEWFALSE"),
    *("BININT", "BININT1", "BININT2", "BINUNICODE", "SHORT_BINUNICODE"),
    *("SHORT_BINBYTES", "BINBYTES", "BINBYTES8"),
    *("EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"),
    *("BINPUT", "LONG_BINPUT", "BINGET", "LONG_BINGET", "MEMOIZE"),
}
"""What pickles of protocol 3 and 4 need for mappings of text to arrays. Others are not carried out:
those that make objects in other ways, and all those whose size is not bounded by the file's."""

_MOST_OPERATIONS = 100_000
_DEEPEST = 16
"""Bounds on the tree, far above what a network needs: shared branches would grow without end."""

_TYPES = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1")


class _Name:
    """Stands in for a class or function of NumPy's: calling it keeps what it was called with."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, *arguments: Any) -> _Described:
        return _Described(self.name, arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("it changes what is no object of its own")


class _Described:
    """An object of NumPy's as the pickle describes it."""

    def __init__(self, kind: str, arguments: tuple[Any, ...]) -> None:
        self.kind = kind
        self.arguments = arguments
        self.state: tuple[Any, ...] = ()

    def __setstate__(self, state: Any) -> None:
        if not isinstance(state, tuple):
            raise pickle.UnpicklingError(f"a state is {type(state).__name__}, expected a tuple")
        self.state = state


_NAMES = {
    ("numpy.core.multiarray", "_reconstruct"): _Name("array"),
    ("numpy._core.multiarray", "_reconstruct"): _Name("array"),
    ("numpy", "ndarray"): _Name("no array"),
    ("numpy", "dtype"): _Name("type"),
}


class _ArraysOnly(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> _Name:
        try:
            return _NAMES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError("it asks for an object by a persistent name")


def pickled_arrays(data: bytes, source: str) -> dict[str, Tensor]:
    """Arrays of a pickle that holds (nested) mappings of text to NumPy arrays.

    Parameters
    ----------
    data : the pickle; whoever calls has checked its digest.
    source : what to call it in messages.

    Returns
    -------
    Tensors that own their memory, by the names on their way from the root, joined by "/".

    Raises
    ------
    WeightsError
        If the pickle holds or asks for anything else; nothing it asks for is done.
    """
    try:
        _check_operations(data)
        tree = _ArraysOnly(io.BytesIO(data)).load()
        return dict(_leaves(tree))
    except Exception as error:  # a hostile pickle can raise nearly anything
        raise WeightsError(
            f"{source} was refused: it is not a pickle of NumPy arrays alone ({error})."
        ) from error


def _check_operations(data: bytes) -> None:
    """Refuse a pickle by its list of operations, before any of them is carried out."""
    count = 0
    for count, (operation, argument, _) in enumerate(pickletools.genops(data), start=1):
        if count > _MOST_OPERATIONS:
            raise pickle.UnpicklingError(f"it has more than {_MOST_OPERATIONS:,} operations")
        if operation.name not in _OPERATIONS:
            raise pickle.UnpicklingError(f"it holds the operation {operation.name}")
        # The unpickler makes room for all numbers below the one that a memo is given.
        if operation.name == "LONG_BINPUT" and int(argument or 0) > _MOST_OPERATIONS:
            raise pickle.UnpicklingError("it numbers its objects beyond all bounds")


def _leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Tensor]]:
    if isinstance(tree, _Described):
        yield "/".join(path), torch.from_numpy(_array(tree))
        return
    if not isinstance(tree, Mapping):
        raise pickle.UnpicklingError(f"{'/'.join(path) or 'its root'} is {type(tree).__name__}")
    if len(path) >= _DEEPEST:
        raise pickle.UnpicklingError(f"its mappings are more than {_DEEPEST} deep")
    for name, branch in tree.items():
        if not isinstance(name, str) or "/" in name:
            raise pickle.UnpicklingError(f"an array is called {name!r}")
        yield from _leaves(branch, (*path, name))


def _array(described: _Described) -> np.ndarray[Any, Any]:
    """The array that is described, in the words of NumPy's `ndarray.__setstate__`; C order only."""
    if described.kind != "array" or len(described.state) != 5:
        raise pickle.UnpicklingError(f"a whole array was expected, got {described.kind}")
    _, shape, dtype, fortran, data = described.state
    kind = _type(dtype)
    if fortran is not False or not isinstance(data, bytes):
        raise pickle.UnpicklingError("an array does not lie row by row in bytes")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise pickle.UnpicklingError(f"the shape of an array is {shape!r}")
    if math.prod(shape) * kind.itemsize != len(data):
        raise pickle.UnpicklingError(f"an array of {shape} {kind} has {len(data):,} bytes")
    return np.frombuffer(data, kind).reshape(shape).astype(kind.newbyteorder("="))


def _type(described: Any) -> np.dtype[Any]:
    """One of the plain number types, in little-endian order."""
    if not isinstance(described, _Described) or described.kind != "type":
        raise pickle.UnpicklingError("an array has no type")
    code, order = described.arguments[:1], described.state[1:2]
    if code[:1] not in [(name,) for name in _TYPES] or order not in [("<",), ("|",)]:
        raise pickle.UnpicklingError(f"the type of an array is {code!r} in order {order!r}")
    return np.dtype(f"<{code[0]}")


def saved_arrays(data: bytes | Path, source: str) -> dict[str, Tensor]:
    """Tensors of a file that `torch.save` wrote: one mapping of names to tensors.

    Parameters
    ----------
    data : its bytes, or a path to it; whoever calls has checked its digest.
    source : what to call it in messages.

    Raises
    ------
    WeightsError
        If it holds anything else.
    """
    try:
        file = data if isinstance(data, Path) else io.BytesIO(data)
        found = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises nearly anything on a damaged file
        # Its own message is not repeated: it advises to load the file as code.
        raise WeightsError(f"{source} was refused: it is not a file of tensors alone.") from error
    if not isinstance(found, Mapping):
        raise WeightsError(
            f"{source} holds a {type(found).__name__}, expected a mapping of names to tensors."
        )
    for key, value in found.items():
        if not isinstance(value, Tensor):
            raise WeightsError(
                f"{source} does not fit: {key} is {type(value).__name__}, expected a tensor."
            )
    return {str(key): value.detach() for key, value in found.items()}


LAYOUTS: dict[str, Callable[[bytes, str], dict[str, Tensor]]] = {
    "numpy-pickle": pickled_arrays,
    "torch": saved_arrays,
}
"""How the arrays of a file lie in it, and what reads them."""
