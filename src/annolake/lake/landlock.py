"""Giving up the file system and the network, for good: Landlock of the Linux kernel (5.13 and later).

After `only_read` the process, and all threads that it starts afterwards, can open files under the given paths for
reading and nothing else: not write, make, remove or rename any file, not even as root. From kernel 6.7 on it cannot
open TCP connections either. Source: Documentation/userspace-api/landlock.rst of the kernel.
"""

from __future__ import annotations

import ctypes
import os
import platform
import stat
import sys
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
ASK_VERSION = 1
PATH_BENEATH = 1
NO_NEW_PRIVILEGES = 38

READ_FILE, READ_DIR = 1 << 2, 1 << 3
FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
"""ABI -> every right of files that it knows: execute, write, read, list, remove, make, move, truncate."""
TCP_RIGHTS = 0b11
TCP_SINCE = 4


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("tcp", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def only_read(paths: Iterable[str]) -> bool:
    """Restrict this thread, and those that it starts, to reading under `paths`; False where the kernel cannot."""
    if sys.platform != "linux" or platform.machine() not in ("x86_64", "aarch64"):
        return False
    call = ctypes.CDLL(None, use_errno=True)
    version = call.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), ASK_VERSION)
    if version < 1:
        return False
    rules = _Ruleset(FILE_RIGHTS[min(version, max(FILE_RIGHTS))], TCP_RIGHTS if version >= TCP_SINCE else 0)
    size = ctypes.sizeof(rules) if version >= TCP_SINCE else ctypes.sizeof(ctypes.c_uint64)
    ruleset = call.syscall(CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    if ruleset < 0:
        return False
    try:
        for path in paths:
            _allow(call, ruleset, path)
        if call.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0):
            return False
        return bool(call.syscall(RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _allow(call: ctypes.CDLL, ruleset: int, path: str) -> None:
    opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        is_folder = stat.S_ISDIR(os.fstat(opened).st_mode)
        rule = _PathBeneath(READ_FILE | READ_DIR if is_folder else READ_FILE, opened)
        if call.syscall(ADD_RULE, ruleset, PATH_BENEATH, ctypes.byref(rule), 0):
            raise OSError(ctypes.get_errno(), f"Landlock refused {path}")
    finally:
        os.close(opened)
