"""Who allocates, and how long the collections of older objects take.

Such a collection costs what all living objects cost, and falls to whoever happens to allocate when it is due: a few of
them make a profile unsteady. Their time is therefore set apart, and shared among all who allocate by what each of them
did. How much that was is told by the collections of young objects, one for each 700 objects more.
"""

import _thread
import gc
import sys
import time

MOST_SEEN = 1_000  # stacks looked at until only every second collection is looked at, and so on


class Garbage:
    """What the collector does in the main thread of a sampler between `clear()` and `shared()`."""

    def __init__(self, sampler):
        self.sampler = sampler
        self.code = None  # of the callback, which the program does not know
        self.clear()

    def clear(self):
        self.allocating = {}  # (stack, line) -> how many collections it set off
        self.seconds = 0.0
        self.since = None  # process time at which the collection that goes on began
        self.seen = 0
        self.every = 1
        self.met = 0

    def watch(self):
        """Set the time apart from now on."""
        current, getframe, get_ident = time.process_time, sys._getframe, _thread.get_ident
        sampler = self.sampler

        def collecting(phase, info):
            if not sampler.running or sampler.sampling or get_ident() != sampler.main:
                return
            if phase == "start":
                # One that the program asks for comes at another time, and is that program's own.
                if gc.isenabled() and gc.get_count()[0] > gc.get_threshold()[0]:
                    self._set_off(getframe(1))
                    if info["generation"]:
                        self.since = current()
            elif self.since is not None:
                sampler.sampling = True  # no sample between these lines
                now = current()
                sampler.last += now - self.until(now)
                self.since = None
                sampler.sampling = False

        self.code = collecting.__code__
        gc.callbacks.append(collecting)

    def _set_off(self, frame):
        self.met += 1
        if self.met % self.every:
            return
        self.seen += 1
        if self.seen > MOST_SEEN:
            self.seen, self.every = 0, 2 * self.every
        key = self.sampler.stack(frame), frame.f_lineno
        self.allocating[key] = self.allocating.get(key, 0) + self.every

    def until(self, now):
        """When the program's own time ended that began with the last sample: with a collection that still goes on."""
        if self.since is None:
            return now
        began, self.since = max(self.since, self.sampler.last), now
        self.seconds += now - began
        return began

    def shared(self):
        """The time set apart, as (stack, line of its innermost frame, seconds)."""
        total = sum(self.allocating.values()) if self.seconds else 0
        if not total:
            return []
        return [(stack, line, self.seconds * times / total) for (stack, line), times in self.allocating.items()]
