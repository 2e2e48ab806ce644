#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# vm-backup.sh: an increment of 1 GiB changed on a device of 1 TiB, in a guest.
#
#	tests/bench/vm-backup.sh [KERNEL]
#
# What was read against what was changed (goal: at most 1.05 times), peak memory and CPU
# time of aipbackup, its children apart; bytes and memory repeat, seconds are this machine's.
set -u
top=$(cd "$(dirname "$0")/../.." && pwd)
export AIP_TOP=$top AIP_B=${AIP_B:-$top/build}
AIP_TMP=$(mktemp -d "${TMPDIR:-/tmp}/aip-bench.XXXXXX") || exit 1
export AIP_TMP
. "$top/tests/vm/product.sh"
trap 'vm_stop; rm -rf "$AIP_TMP"' EXIT
VM_RUN_LIMIT=1500 VM_SMP=2

kernel=${1:-$(default_kernel)}
{
	make -s -C "$top" B="$AIP_B" && product_packages &&
	"$vm_here/kbuild" --quick "$kernel" "$top/dkms" "$AIP_TMP/ko" &&
	img=$(PRODUCT_MORE=aip-backup product_image --kernel "$kernel" --ko "$AIP_TMP/ko/aipsnap.ko") &&
	vm_new "$img" "$kernel" && vm_disk 1T && vm_disk 8G && vm_boot
} >&2 || exit 1
vm_run '
	set -e
	mkfs.ext4 -q -T largefile4 /dev/vdb && mkfs.ext4 -q -T largefile4 /dev/vdc
	mkdir -p /data /backup && mount /dev/vdb /data && mount /dev/vdc /backup
	dd if=/dev/zero of=/data/file bs=1M count=2048 status=none
	sync
	aipsnap enable /dev/vdb >/dev/null
	aipbackup full -q --store-size 64M /dev/vdb /backup/set' >&2 || exit 1
# 16,384 chunks of 64 KiB, scattered over 2 GiB: every second one
out=$(vm_run '
	set -e
	perl -e "open F, q(+<), q(/data/file) or die; for (0..16383) { sysseek F, \$_ * 131072, 0; syswrite F, pack(q(N), \$_) x 16384 }"
	sync
	cd /tmp
	cat >run.pl <<\P
my $t = time; my $pid = fork;
exec @ARGV unless $pid;
my $peak = 0;
while (!waitpid $pid, 1) {
	if (open my $f, "<", "/proc/$pid/status") { for (<$f>) { $peak = $1 if /^VmHWM:\s+(\d+)/ && $1 > $peak } }
	select undef, undef, undef, 0.05;
}
die "status $?" if $?;
my @c = times;
printf "%d %d %.1f\n", $peak, time - $t, $c[2] + $c[3];
P
	perl run.pl sh -c "exec aipbackup incremental -q --store-size 64M /dev/vdb /backup/set >/dev/null"
	cat /backup/set/0002.json') || { echo "$out" >&2; exit 1; }
read -r peak wall cpu <<<"$(head -1 <<<"$out")"
json=$(tail -n +2 <<<"$out")
jq -r --arg peak "$peak" --arg wall "$wall" --arg cpu "$cpu" '.bytes as $b | (1073741824) as $changed |
	"increment of 1 GiB changed on 1 TiB: read \($b.read) bytes, \($b.read / $changed * 1000 | round / 1000) times what was changed (goal 1.05), stored \($b.stored), peak memory \($peak) KiB, \($wall) s in the guest, \($cpu) s CPU"' <<<"$json"
[ "$(jq '.bytes.read <= 1.05 * 1073741824' <<<"$json")" = true ]
