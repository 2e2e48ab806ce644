#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: the whole chain on real parts: full backup, update of initscripts, reboot, incremental,
# proves: power cut, auto (full, saying why), restore: equal, and both the restored disk and the
# proves: chain itself boot
# needs:  the VM lab, rpmbuild, dnf, gpg, qemu-nbd
# timeout: 1200
# order:  3
set -u
. "$(dirname "$0")/product.sh"

flock "$AIP_B" make -s -C "$vm_top" B="$AIP_B" "$AIP_B/chunk-diff" >&2 || { fail "chunk-diff builds"; exit 1; }
product_packages || exit 1
kernel=$(default_kernel)
"$vm_here/kbuild" --quick "$kernel" "$vm_top/dkms" "$AIP_TMP/ko" >&2 || { fail "the driver builds"; exit 1; }
img=$(PRODUCT_MORE=aip-backup product_image --kernel "$kernel" --ko "$AIP_TMP/ko/aipsnap.ko") ||
	{ fail "dnf installs initscripts, aip and aip-backup"; exit 1; }
ok "dnf installs initscripts, aip and aip-backup"
VM_RUN_LIMIT=400

# exports on the host, for the data disk's chain: one a backup
nbd_pids=()
export_new() { # NAME SIZE: prints its port
	local port
	truncate -s "$2" "$AIP_TMP/$1"
	for _ in {1..20}; do
		port=$((20000 + RANDOM % 20000))
		qemu-nbd -f raw -t -e 8 -b 127.0.0.1 -p $port "$AIP_TMP/$1" >&2 8>&- &
		nbd_pids+=($!)
		for _ in {1..50}; do
			(exec 3<>/dev/tcp/127.0.0.1/$port) 2>/dev/null && { uris[$1]=nbd://10.0.2.2:$port/; return 0; }
			kill -0 $! 2>/dev/null || break
			sleep 0.1
		done
	done
	return 1
}
declare -A uris
trap 'vm_stop; kill "${nbd_pids[@]}" 2>/dev/null' EXIT

vm_new "$img" && vm_disk 256M && vm_disk 3G && vm_disk 256M && vm_disk 3G && vm_net || exit 1
data=$vm_dir/disk1.img
check "boot" vm_boot || exit 1
net='modprobe virtio_net; busybox ip link set eth0 up; busybox ip addr add 10.0.2.15/24 dev eth0 2>/dev/null; :'
check "file systems" vm_run '
	set -e
	mkfs.ext4 -q /dev/vdb && mkfs.ext4 -q /dev/vdc
	mkdir -p /backup
	printf "/dev/vdb /data ext4 defaults 1 2\n/dev/vdc /backup ext4 defaults 1 2\n" >>/etc/fstab
	mount /data && mount /backup
	head -c 30000000 /dev/urandom >/data/first'"
	$net" || exit 1
check "tracking of the root and of a data disk" vm_run 'aipsnap enable /dev/vda && aipsnap enable /dev/vdb && aipsnap status' || exit 1

# N backups of the data disk; its image on the host at that moment, read-only mounted for it
data_backup() { # NAME VERB EXPORT
	check "$1: an export for it" export_new "$3" 256M || return 1
	check "$1" vm_run "sync; mount -o remount,ro /data && aipbackup $2 --paranoid --to ${uris[$3]} /dev/vdb /backup/data"
	vm_command stop
	cp --sparse=always "$data" "$AIP_TMP/$3.then"
	vm_command cont
	vm_run 'mount -o remount,rw /data'
}
check "full backup of the root, into qcow2" vm_run 'aipbackup full --paranoid /dev/vda /backup/root' || exit 1
data_backup "full backup of the data, over NBD" full d1
check "(the export is the disk, but for what the file system does not use)" e2fsck -fn "$AIP_TMP/d1"

check "work" vm_run 'head -c 5000000 /dev/urandom >/data/second; rm /data/first; cp -a /usr/share/dict /usr/bin/perl* /data; date >/root/written'
check "the new initscripts comes" vm_put "${product_initscripts[2]}" /root/initscripts-2.rpm
check "dnf upgrades initscripts" vm_run 'dnf -y install /root/initscripts-2.rpm && rpm -q initscripts-9.12.1-2'
check "the trigger has patched the new scripts" vm_run '
	sed -n 2p /etc/rc.d/rc.sysinit | grep "release 2" && grep -q "aipsnap start --tracking" /etc/rc.d/rc.sysinit && grep clear_dirtyflag /etc/rc.d/init.d/halt'
check "reboot" vm_reboot || exit 1
check "work after it" vm_run "$net"'; head -c 3000000 /dev/urandom >/data/third; echo later >>/root/written'
vm_run 'aipsnap status' >&2

check "incremental of the root" vm_run 'aipbackup incremental --paranoid /dev/vda /backup/root' && said=$(vm_run 'aipbackup list --json /backup/root')
data_backup "incremental of the data" incremental d2
full=$(jq '.backups[0].stored' <<<"$said") inc=$(jq '.backups[1].stored' <<<"$said")
if [ "$inc" -gt 0 ] && [ "$inc" -lt $((full / 2)) ]; then ok "the root's increment is smaller ($inc of $full bytes)"; else fail "the root's increment is smaller" "$said"; fi

vm_run 'dd if=/dev/urandom of=/data/cut bs=1M count=8 & sleep 1; echo cut >>/root/written; sync' >&2
vm_cut
check "boot after a power cut" vm_boot || exit 1
check "work after that" vm_run "$net"'; head -c 1000000 /dev/urandom >/data/fourth'
check "an incremental is refused" vm_run "aipbackup incremental --to ${uris[d2]} /dev/vdb /backup/data; [ \$? = 3 ]"
data_backup "auto after a power cut" auto d3
said=$(vm_run 'aipbackup list --json /backup/data')
is "auto was full" "$(jq -r '.backups[2].kind' <<<"$said")" full
[ -n "$(jq -r '.backups[2].reason' <<<"$said")" ] && ok "and says why: $(jq -r '.backups[2].reason' <<<"$said")"

# unused IMAGE: the free blocks of an ext4 file system, "first-byte length" a line
unused() {
	dumpe2fs "$1" 2>/dev/null | awk '
		/^Block size:/ { size = $3 }
		/^  Free blocks: / {
			n = split(substr($0, 16), r, ", ")
			for (i = 1; i <= n; i++) {
				split(r[i], e, "-")
				if (r[i] != "") print e[1] * size, ((e[2] == "" ? e[1] : e[2]) - e[1] + 1) * size
			}
		}'
}
check "verify" vm_run 'aipbackup verify /backup/root && aipbackup verify /backup/data'
for n in 1 2 3; do
	check "data: backup $n is restored to a blank disk" vm_run "aipbackup restore --force --id 000$n /backup/data /dev/vdd && sync"
	vm_command stop
	unused "$AIP_TMP/d$n.then" >"$AIP_TMP/unused"
	check "data: restored = the disk as it was, but for what the file system does not use" \
		chunk-diff -i "$AIP_TMP/unused" 65536 "$vm_dir/disk3.img" "$AIP_TMP/d$n.then" /dev/null
	vm_command cont
done
check "the root is restored to a blank disk" vm_run 'aipbackup restore /backup/root /dev/vde && sync'
check "shutdown" vm_shutdown

# both boot: the restored disk, and the chain, taken out of the guest's file system
restored=$vm_dir/disk4.img backup=$vm_dir/disk2.img
mkdir "$AIP_TMP/out" && debugfs -R "rdump /root $AIP_TMP/out" "$backup" >&2
boots() { # NAME IMAGE FORMAT
	# with the other disks that its fstab names
	{ VM_ROOT_FORMAT=$3 vm_new "$2" && vm_disk "$data" && vm_disk "$backup"; } || { fail "$1"; return; }
	check "$1 boots" vm_boot || return
	check "$1 is the system that was backed up" vm_run 'grep -q later /root/written && ! grep -q cut /root/written && rpm -q initscripts-9.12.1-2 && aipmng --status'
	vm_stop
}
boots "the restored disk" "$restored" raw
chain=$(jq -r '.store.file' "$AIP_TMP/out/root/0002.json")
boots "the qcow2 chain itself" "$AIP_TMP/out/root/$chain" qcow2
tap_done
