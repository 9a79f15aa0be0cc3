"""Limits OpenCV to one thread while PairLens runs several.

OpenCV splits one picture over all cores. Where the cores have a picture each already, its
threads wait for each other and nothing else: measuring a mask of 512x512 pixels takes twice
the processor time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import cv2

_lock = Lock()
_users = 0
_before = 0


@contextmanager
def one_thread() -> Iterator[None]:
    """Limits OpenCV to the calling thread until the last context that asked for it ends."""
    global _users, _before
    with _lock:
        if not _users:
            _before = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                cv2.setNumThreads(_before)
