"""On which disk a folder lies, and of what kind that is: it decides how many files are best read at a time.

Linux alone tells; elsewhere the kind is unknown. Nothing is opened but what the kernel says about its devices.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_NETWORK: Final = {
    "9p": "9p",
    "afs": "afs",
    "beegfs": "beegfs",
    "ceph": "ceph",
    "cifs": "cifs",
    "fuse": "fuse",
    "lustre": "lustre",
    "ncpfs": "ncpfs",
    "nfs": "nfs",
    "nfs4": "nfs",
    "smb3": "cifs",
    "smbfs": "cifs",
    "virtiofs": "virtiofs",
}
"""File systems that are somewhere else, and what their disks are called; two versions of a protocol are one thing."""

_STACKED: Final = {"bindfs", "encfs", "gocryptfs", "mergerfs", "mhddfs", "unionfs", "unionfs-fuse"}
"""FUSE file systems over local folders: which disks are below, and how many, they do not say."""

_MEMORY: Final = {"tmpfs", "ramfs"}


class DiskKind(StrEnum):
    """What reading from a disk is like."""

    SPINNING = "spinning"
    """One head: two readers make it travel between them."""
    SOLID = "solid"
    NETWORK = "network"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Disk:
    """What holds a folder, as far as the system tells."""

    name: str
    """`sda`, `md0`, `nfs:server:/export`: the same for all folders on it until the system is started anew."""
    kind: DiskKind


@dataclass(frozen=True, slots=True)
class _Mount:
    """A line of /proc/self/mountinfo."""

    number: str
    """`major:minor` of the device; major 0 where the file system made it up (btrfs and all that has no device)."""
    point: bytes
    fstype: str
    source: bytes


def disk_of(path: bytes, proc: str = "/proc", sys: str = "/sys") -> Disk:
    """Return the disk below a folder or file.

    A virtual machine's disk is what the machine claims, often spinning. Of a volume over several disks the kind is
    spinning if one of them is.

    Args:
        path: Absolute; links are followed.
        proc: Where the kernel tells of mounts.
        sys: Where it tells of devices.
    """
    mount = _mount_of(os.path.realpath(path), proc)
    if mount is None:
        return Disk(_number(path), DiskKind.UNKNOWN)
    source = os.fsdecode(mount.source)
    if mount.fstype in _MEMORY:
        return Disk(mount.fstype, DiskKind.SOLID)
    if mount.fstype in _NETWORK:
        return Disk(f"{_NETWORK[mount.fstype]}:{source}", DiskKind.NETWORK)
    if mount.fstype.startswith("fuse."):
        kind = DiskKind.UNKNOWN if mount.fstype[len("fuse.") :] in _STACKED else DiskKind.NETWORK
        return Disk(f"{mount.fstype}:{source}", kind)
    device = _device(mount, sys)
    if device:
        return _block(device)
    return Disk(f"{mount.fstype}:{source.partition('/')[0] if mount.fstype == 'zfs' else source}", DiskKind.UNKNOWN)


def _number(path: bytes) -> str:
    """Return a name for what no mount is told of."""
    try:
        return f"device:{os.stat(path).st_dev}"
    except OSError:
        return "device:none"


def _mount_of(path: bytes, proc: str) -> _Mount | None:
    """Return the mount that holds a real path, None where the system does not tell."""
    try:
        with open(os.path.join(proc, "self/mountinfo"), "rb") as lines:
            mounts = [_mount(line) for line in lines if b" - " in line]
    except OSError:
        return None
    holding = [mount for mount in mounts if path == mount.point or path.startswith(mount.point.rstrip(b"/") + b"/")]
    # of several at one place the last one lies on top
    return max(enumerate(holding), key=lambda item: (len(item[1].point), item[0]))[1] if holding else None


def _mount(line: bytes) -> _Mount:
    """Read a line (Linux, Documentation/filesystems/proc.rst, 3.5): optional fields end with a dash."""
    before, _dash, after = line.partition(b" - ")
    fields, (fstype, source) = before.split(), after.split(b" ")[:2]
    return _Mount(os.fsdecode(fields[2]), _unescape(fields[4]), os.fsdecode(fstype), _unescape(source.rstrip(b"\n")))


def _unescape(field: bytes) -> bytes:
    r"""Return a field as it is: the kernel writes space, tab, newline and backslash as `\040` and so on."""
    return re.sub(rb"\\([0-7]{3})", lambda match: bytes([int(match[1], 8) & 0xFF]), field)


def _device(mount: _Mount, sys: str) -> str:
    """Return the folder in which the kernel describes a mount's block device, empty where there is none."""
    places = [os.path.join(sys, "dev/block", mount.number)]
    if mount.source.startswith(b"/"):  # any other name is the file system's own: a ZFS data set may be called `sda`
        name = os.path.basename(os.path.realpath(mount.source))
        places.append(os.path.join(sys, "class/block", os.fsdecode(name)))
    return next((os.path.realpath(place) for place in places if os.path.isdir(place)), "")


def _block(device: str) -> Disk:
    """Return the disk of a block device: below a partition, and below a volume as long as that is on one thing only."""
    device = _whole(device)
    below = _below(device)
    while len(below) == 1:
        device = _whole(below[0])
        below = _below(device)
    spins = _spins(device)
    kind = DiskKind.SPINNING if True in spins else DiskKind.UNKNOWN if None in spins else DiskKind.SOLID
    return Disk(os.path.basename(device), kind)


def _whole(device: str) -> str:
    return os.path.dirname(device) if os.path.exists(os.path.join(device, "partition")) else device


def _below(device: str) -> list[str]:
    """Return the devices that a volume (LVM, RAID, encryption) is made of."""
    slaves = os.path.join(device, "slaves")
    try:
        return [os.path.realpath(os.path.join(slaves, name)) for name in sorted(os.listdir(slaves))]
    except OSError:
        return []


def _spins(device: str) -> set[bool | None]:
    """Return what the disks below a device say of themselves; None is no answer."""
    device = _whole(device)
    below = _below(device)
    if below:
        return set().union(*(_spins(each) for each in below))
    try:
        with open(os.path.join(device, "queue/rotational"), encoding="ascii") as flag:
            return {flag.read().strip() == "1"}
    except (OSError, UnicodeDecodeError):
        return {None}
