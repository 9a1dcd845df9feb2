"""Files that are there whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """Give a path to write to, and put what was written in the target's place at the end.

    A kill at any moment leaves the old file or the new one, never a half one; what it can leave
    beside them is a hidden folder. Two processes may write the same file: each writes its own, and
    the last to finish wins. An error in the block deletes what was written and leaves the target.

    Args:
        target: The file; its folder must exist.

    Yields:
        A path with the target's own name, since writers append an ending that they miss, in a
        folder of its own on the same disk. The file gets the permissions that any new file gets.

    Raises:
        OSError: If the folder cannot be written to, the target is a folder or a device, or the
            block wrote nothing.
    """
    target = target.resolve()  # what a link leads to is written, not the link
    if target.exists() and not target.is_file():
        raise OSError(f"{target} is no regular file: name another one")
    with TemporaryDirectory(dir=target.parent, prefix=".unfinished-") as folder:
        unfinished = Path(folder) / target.name
        yield unfinished
        unfinished.replace(target)
