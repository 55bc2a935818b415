"""Python reads this at its start: marathon 0.13.0 uses a name that Python 3.10 took out of `collections`."""
import collections
import collections.abc

collections.Iterable = collections.abc.Iterable
