"""The service itself: whether it can work, under which keys its data are, and what is wrong with them."""

from backend.services.system.backups import BackupUnfitError, back_up, read_backup, require_same, unpack
from backend.services.system.doctor import examine_data
from backend.services.system.neighbours import examine_neighbours
from backend.services.system.readiness import (
    KeysUnfitError,
    NotReadyError,
    require_fitting_keys,
    require_lists,
    require_ready,
)
from backend.services.system.restoring import Restoring, TargetTakenError, restore
from backend.services.system.rewrapping import is_outdated, rewrap
from backend.services.system.seals import record_broken_seal
from backend.services.system.storage import examine_storage
from backend.services.system.surroundings import examine_surroundings
from backend.services.system.wrapped import WRAPPED, WrappedColumn, count_by_master

__all__ = [
    "WRAPPED",
    "BackupUnfitError",
    "KeysUnfitError",
    "NotReadyError",
    "Restoring",
    "TargetTakenError",
    "WrappedColumn",
    "back_up",
    "count_by_master",
    "examine_data",
    "examine_neighbours",
    "examine_storage",
    "examine_surroundings",
    "is_outdated",
    "read_backup",
    "record_broken_seal",
    "require_fitting_keys",
    "require_lists",
    "require_ready",
    "require_same",
    "restore",
    "rewrap",
    "unpack",
]
