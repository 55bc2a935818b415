"""marathon-python with the right account, the wrong one and none, events included."""
import sys

from support import client
from marathon import MarathonHttpError

url = sys.argv[1]
right = client(url, username="rz", password="s3cret:with:colons")
assert right.list_apps() == []
assert next(iter(right.event_stream(raw=True)))
for options in [{}, {"username": "rz", "password": "wrong"}]:
    try:
        client(url, **options).list_apps()
        raise AssertionError(f"got in with {options}")
    except MarathonHttpError as error:
        assert error.status_code == 401, error
print("done")
