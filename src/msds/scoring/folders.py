"""Folders whose content is believed: nobody else may be able to put something there."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from msds.errors import InputError
from msds.text import printable


def check_private(folder: Path, consequence: str) -> None:
    """Refuse a folder that somebody else can write to.

    Parameters
    ----------
    folder : which is there.
    consequence : what does not happen therefore, to stand within a sentence.

    Raises
    ------
    InputError
        If it belongs to somebody else, or its permissions let others write. A group that has only
        the owner in it is not others. On Windows permissions are not looked at.
    OSError
        If it cannot be looked at.
    """
    if not hasattr(os, "geteuid"):
        return
    state = folder.stat()
    name = printable(folder)
    if state.st_uid not in (0, os.geteuid()):
        raise InputError(
            f"{name}: {consequence}, since the folder belongs to another user (uid {state.st_uid}) "
            "who could replace them; choose a folder of your own."
        )
    others = bool(state.st_mode & stat.S_IWOTH)
    if others or (state.st_mode & stat.S_IWGRP and not _is_own_group(state.st_gid)):
        raise InputError(
            f"{name}: {consequence}, since {'everybody' if others else 'its group'} can write to "
            f"the folder and could replace them; `chmod go-w` it, or choose another."
        )


def _is_own_group(group: int) -> bool:
    """Whether a group is the one that a user has for himself, as on most systems of today."""
    import grp
    import pwd

    try:
        user = pwd.getpwuid(os.geteuid())
        members = grp.getgrgid(group).gr_mem
    except KeyError:
        return False
    return group == user.pw_gid and set(members) <= {user.pw_name}
