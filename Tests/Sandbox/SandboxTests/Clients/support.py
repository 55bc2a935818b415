import time

from marathon import MarathonClient


def client(url, **options):
    return MarathonClient(url, timeout=20, **options)


def eventually(what, condition, deadline=30):
    end = time.monotonic() + deadline
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"within {deadline} s it never came true that {what}")
