"""Which disk a folder lies on, told from trees like those of the kernel."""

import os
import sys
from pathlib import Path

import pytest

from comet.library.disk import Disk, DiskKind, disk_of


class Machine:
    """A machine's mounts and block devices, as the kernel shows them."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.proc, self.sys, self.dev = top / "proc", top / "sys", top / "dev"
        for folder in (self.proc / "self", self.sys / "class/block", self.sys / "dev/block", self.dev):
            folder.mkdir(parents=True)
        self.mounts: list[bytes] = []

    def device(self, name: str, number: str, spins: str | None, *slaves: str, of: str = "") -> None:
        """Add a disk, a partition `of` one, or a volume over `slaves`."""
        folder = self.sys / "devices/block" / of / name
        folder.mkdir(parents=True)
        if of:
            (folder / "partition").write_text("1\n")
        if spins is not None:
            (folder / "queue").mkdir()
            (folder / "queue/rotational").write_text(spins + "\n")
        (folder / "slaves").mkdir()
        for slave in slaves:
            (folder / "slaves" / slave).symlink_to((self.sys / "class/block" / slave).resolve())
        (self.sys / "class/block" / name).symlink_to(folder)
        (self.sys / "dev/block" / number).symlink_to(folder)
        (self.dev / name).touch()

    def mount(self, point: Path, fstype: str, source: str | Path, number: str = "0:50") -> None:
        """Add a line to the mounts, escaped as the kernel does."""
        escaped = os.fsencode(point).replace(b"\\", b"\\134").replace(b" ", b"\\040").replace(b"\n", b"\\012")
        fields = [b"40", b"27", number.encode(), b"/", escaped, b"rw,relatime", b"shared:7", b"master:1", b"-"]
        self.mounts.append(b" ".join([*fields, fstype.encode(), os.fsencode(source), b"rw,size=1k"]) + b"\n")
        (self.proc / "self/mountinfo").write_bytes(b"".join(self.mounts))
        point.mkdir(parents=True, exist_ok=True)

    def disk(self, path: Path) -> Disk:
        """Ask for the disk below a path."""
        return disk_of(os.fsencode(path), str(self.proc), str(self.sys))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine with a spinning disk `sda` in two partitions, and two solid ones."""
    made = Machine(tmp_path)
    made.device("sda", "8:0", "1")
    made.device("sda1", "8:1", None, of="sda")
    made.device("sda2", "8:2", None, of="sda")
    made.device("sdb", "8:16", "1")
    made.device("nvme0n1", "259:0", "0")
    made.device("nvme0n1p1", "259:1", None, of="nvme0n1")
    made.device("nvme1n1", "259:2", "0")
    return made


def test_a_partition_is_on_its_disk(machine: Machine) -> None:
    """Two partitions of one disk are one disk, whatever they are mounted from."""
    machine.mount(machine.top / "a", "ext4", "/dev/root", "8:1")
    machine.mount(machine.top / "b", "xfs", "/dev/sda2", "8:2")
    machine.mount(machine.top / "c", "ext4", "/dev/nvme0n1p1", "259:1")
    assert machine.disk(machine.top / "a/x/y.mp3") == machine.disk(machine.top / "b") == Disk("sda", DiskKind.SPINNING)
    assert machine.disk(machine.top / "c") == Disk("nvme0n1", DiskKind.SOLID)


def test_the_innermost_mount_counts_and_of_two_at_one_place_the_later(machine: Machine) -> None:
    """A path is under the longest mount point that holds it by whole names; what was mounted over is not seen."""
    machine.mount(machine.top / "music", "tmpfs", "tmpfs")
    machine.mount(machine.top / "music", "ext4", "/dev/nvme1n1", "259:2")
    machine.mount(machine.top / "music/old", "ext4", "/dev/sda1", "8:1")
    machine.mount(machine.top, "ext4", "/dev/sdb", "8:16")
    assert machine.disk(machine.top / "music/old/a").name == "sda"
    assert machine.disk(machine.top / "music/older").name == "nvme1n1"
    assert machine.disk(machine.top / "musical").name == "sdb"


def test_links_are_followed_and_names_may_be_strange(machine: Machine) -> None:
    """A link lies where it leads to; spaces, newlines, backslashes and bytes that are no text in a mount point."""
    point = machine.top / os.fsdecode(b"My \xff\n\\040 music")
    machine.mount(machine.top, "ext4", "/dev/sdb", "8:16")
    machine.mount(point, "ext4", "/dev/nvme1n1", "259:2")
    (machine.top / "link").symlink_to(point)
    assert machine.disk(machine.top / "link/a.mp3") == Disk("nvme1n1", DiskKind.SOLID)


def test_a_made_up_device_number_is_found_by_its_source(machine: Machine) -> None:
    """Btrfs has a number that no device has; its source may be a link into the mapper."""
    machine.device("dm-0", "253:0", "0", "sda1")
    (machine.dev / "mapper").mkdir()
    (machine.dev / "mapper/vg-music").symlink_to("../dm-0")
    machine.mount(machine.top / "m", "btrfs", machine.dev / "mapper/vg-music", "0:33")
    assert machine.disk(machine.top / "m") == Disk("sda", DiskKind.SPINNING)


def test_a_volume_spins_if_a_disk_below_does(machine: Machine) -> None:
    """A volume on one thing is that thing; over several it is itself, and as slow as the slowest."""
    machine.device("md0", "9:0", "0", "sda2", "nvme0n1p1")
    machine.device("md1", "9:1", "1", "nvme0n1", "nvme1n1")
    machine.device("dm-1", "253:1", "0", "md0")
    machine.device("dm-2", "253:2", "0", "dm-1")
    machine.mount(machine.top / "a", "ext4", "/dev/mapper/x", "253:2")
    machine.mount(machine.top / "b", "ext4", "/dev/md1", "9:1")
    assert machine.disk(machine.top / "a") == Disk("md0", DiskKind.SPINNING)
    assert machine.disk(machine.top / "b") == Disk("md1", DiskKind.SOLID)


@pytest.mark.parametrize(
    ("fstype", "source", "expected"),
    [
        ("nfs", "nas:/music", Disk("nfs:nas:/music", DiskKind.NETWORK)),
        ("nfs4", "nas:/music", Disk("nfs:nas:/music", DiskKind.NETWORK)),
        ("smb3", "//nas/music", Disk("cifs://nas/music", DiskKind.NETWORK)),
        ("9p", "share", Disk("9p:share", DiskKind.NETWORK)),
        ("fuse.sshfs", "me@nas:", Disk("fuse.sshfs:me@nas:", DiskKind.NETWORK)),
        ("fuse.mergerfs", "a:b", Disk("fuse.mergerfs:a:b", DiskKind.UNKNOWN)),
        ("zfs", "tank/sda", Disk("zfs:tank", DiskKind.UNKNOWN)),
        ("overlay", "overlay", Disk("overlay:overlay", DiskKind.UNKNOWN)),
        ("tmpfs", "tmpfs", Disk("tmpfs", DiskKind.SOLID)),
    ],
)
def test_a_file_system_without_a_disk_is_known_by_its_type(
    machine: Machine, fstype: str, source: str, expected: Disk
) -> None:
    """Network file systems, memory, and those that do not say what is below; a ZFS pool is no device of that name."""
    machine.mount(machine.top / "m", fstype, source)
    assert machine.disk(machine.top / "m/a.mp3") == expected


def test_what_is_not_told_is_unknown(machine: Machine) -> None:
    """A disk that does not say whether it spins; a system without mounts; a path that is not there."""
    machine.device("vda", "252:0", None)
    machine.mount(machine.top / "m", "fuseblk", "/dev/vda", "252:0")
    assert machine.disk(machine.top / "m") == Disk("vda", DiskKind.UNKNOWN)
    (machine.proc / "self/mountinfo").unlink()
    assert machine.disk(machine.top / "m") == Disk(f"device:{machine.top.stat().st_dev}", DiskKind.UNKNOWN)
    assert machine.disk(machine.top / "gone").kind is DiskKind.UNKNOWN


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")
def test_this_machine_tells(tmp_path: Path) -> None:
    """The real kernel's words are understood: temporary files lie on something with a name."""
    found = disk_of(os.fsencode(tmp_path))
    assert found.name
    assert found == disk_of(os.fsencode(tmp_path.parent))
