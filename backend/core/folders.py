"""Names that outlive a power cut: a file that is on the disk is lost all the same while its folder is not.

POSIX promises a new name only once the folder itself was synced. Some file systems keep it with the file; who
stores keys does not rely on that.
"""

import errno
import os
import sys
from pathlib import Path
from typing import Final

# Some network file systems know no sync of a folder: theirs is another promise, and no reason not to start.
_UNKNOWN: Final = {errno.EINVAL, errno.ENOTSUP}


def make(folder: Path) -> None:
    """Create a folder for its owner alone, and wait until its name is on the disk.

    Whatever is missing above it is created as the process creates folders, and its name waited for too.
    """
    above = [each.parent for each in (folder, *folder.parents) if each == folder or not each.exists()]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for each in above:
        sync(each)


def sync(folder: Path) -> None:
    """Wait until every name in a folder is on the disk; one that we may write to, and not read, is left."""
    if sys.platform == "win32":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _UNKNOWN:
            raise
    finally:
        os.close(descriptor)
