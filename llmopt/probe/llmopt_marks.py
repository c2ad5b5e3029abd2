"""Mark where the timed part of a workload begins and ends; the parent process reads the marks and owns the clock.

The descriptor is taken out of the environment, so that child processes of the workload do not write marks of their own.
"""

import os
import sys

_fd = int(os.environ.pop("LLMOPT_MARKS_FD", "-1"))
if _fd >= 0:
    os.set_inheritable(_fd, False)


def begin(first=False):
    """`first`: nothing of the kind ran in this process before."""
    sampler = sys.modules.get("llmopt_sample")
    if sampler is not None:
        sampler.resume()
    if _fd >= 0:
        os.write(_fd, b"first\n" if first else b"begin\n")


def end():
    if _fd >= 0:
        os.write(_fd, b"end\n")
    sampler = sys.modules.get("llmopt_sample")
    if sampler is not None:
        sampler.pause()
