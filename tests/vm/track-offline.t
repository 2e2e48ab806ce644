#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: what is done to a sealed ext4 or XFS while the driver is not there is noticed, each
# proves: by name: a new lineage, the old one refused; untouched disks go on
# needs:  the VM lab, e2fsprogs, xfsprogs
# timeout: 1200
# order:  9
set -u
. "$(dirname "$0")/track.sh"
track_image || exit 1
vm_new "$track_img" || exit 1

# one disk a case: NAME TYPE WHAT
cases=(
	"untouched ext4|ext4|:"
	"untouched XFS|xfs|:"
	"untouched ext3|ext3|:"
	"ext4 mounted and unmounted elsewhere|ext4|mount"
	"XFS mounted elsewhere, a file written|xfs|mountwrite"
	"ext4 written by debugfs|ext4|debugfs -w -R 'write /etc/hostname offline' \$img"
	"ext3 written by debugfs|ext3|debugfs -w -R 'write /etc/hostname offline' \$img"
	"ext4 repaired by e2fsck|ext4|debugfs -w -R 'clri f1' \$img; e2fsck -fy \$img"
	"ext4 checked by e2fsck -f, nothing to repair|ext4|e2fsck -fy \$img"
	"ext4 made anew with the same UUID|ext4|mke2fs -q -F -t ext4 -U \$(blkid -o value -s UUID \$img) \$img"
	"ext4 made smaller and larger again|ext4|e2fsck -fy \$img; resize2fs \$img 60M; resize2fs \$img 96M"
	"ext4 tuned|ext4|tune2fs -L other \$img"
	"ext4 put back from an older image|ext4|cp \$old \$img"
	"XFS put back from an older image|xfs|cp \$old \$img"
	"XFS repaired by xfs_repair -L|xfs|xfs_repair -L \$img"
	"XFS made anew with the same UUID|xfs|mkfs.xfs -q -f -m uuid=\$(blkid -o value -s UUID \$img) \$img"
	"ext4 on a disk that grew|ext4|truncate -s +16M \$img"
)
letters=bcdefghijklmnopqrstuvwxyz
n=0 make=''
for c in "${cases[@]}"; do
	IFS='|' read -r name type what <<<"$c"
	d=vd${letters:n:1}
	n=$((n + 1))
	size=96M
	[ $type != xfs ] || size=304M
	track_disk $d $size
	case $type in
	xfs) make+="mkfs.xfs -q /dev/$d; " ;;
	*) make+="mkfs.$type -q /dev/$d; " ;;
	esac
	make+="mkdir -p /t/$d; mount /dev/$d /t/$d; cp /bin/busybox /t/$d/f1; "
done
check "the guest boots, with $n disks" vm_boot || exit 1
check "file systems" vm_run "set -e; $make" || exit 1
check "enable all" vm_run "aipsnap enable $(seq -s ' ' 0 $((n - 1)) | awk -v l=$letters '{ for (i = 1; i <= NF; i++) printf "/dev/vd%s ", substr(l, i, 1) }')" || exit 1
vm_run 'sync'
track_pause
for ((i = 0; i < n; i++)); do
	d=vd${letters:i:1}
	case ${cases[i]} in *'$old'*) cp --sparse=always "${track_file[$d]}" "$AIP_TMP/$d.old" ;; esac
done
track_resume
check "writes on all" vm_run 'for d in /t/*; do cp /bin/bash $d/f2; rm $d/f1; cp /bin/busybox $d/f1; done'
vm_run 'aipsnap status --json' >"$AIP_TMP/status.before"
check "shutdown" vm_shutdown || exit 1

# the file systems must have been clean for the cases to be what they say
mounts=() whats=()
for ((i = 0; i < n; i++)); do
	IFS='|' read -r name type what <<<"${cases[i]}"
	d=vd${letters:i:1} img=${track_file[vd${letters:i:1}]} old=$AIP_TMP/vd${letters:i:1}.old
	export img old
	case $what in
	mount|mountwrite) mounts+=(--disk "$img"); whats+=("$what") ;;
	*) bash -c "$what" </dev/null >"$AIP_TMP/$d.log" 2>&1; echo "$name: status $?" >&2 ;;
	esac
done
cat >"$AIP_TMP/elsewhere" <<'E'
mkdir /m
i=0
for what; do
	i=$((i + 1))
	d=/dev/vd$(echo abcdef | cut -c $i)
	mount $d /m || exit 1
	[ $what = mount ] || echo hello >/m/elsewhere
	umount /m || exit 1
done
E
check "mounted elsewhere, without the driver" "$vm_here/run" --timeout 400 --kernel "$(default_kernel)" "${mounts[@]}" "$AIP_TMP/elsewhere" "${whats[@]}" || exit 1
check "boot" vm_boot || exit 1
vm_run 'aipsnap status --json' >"$AIP_TMP/status.after"
vm_run 'aipsnap status' >&2
field() { jq -r --arg d "/dev/$2" --arg f "$3" '.devices[] | select(.name == $d) | .[$f]' "$AIP_TMP/status.$1"; }
for ((i = 0; i < n; i++)); do
	IFS='|' read -r name type what <<<"${cases[i]}"
	d=vd${letters:i:1}
	was=$(field before $d lineage) now=$(field after $d lineage)
	if [ -z "$was" ]; then
		fail "$name" "$d was not in the status before"
	elif [ "$what" = : ]; then
		is "$name: goes on" "$now" "$was"
	elif [ "$now" = "$was" ]; then
		fail "$name: a new lineage" "resumed"
	elif [ -z "$now" ]; then
		# another file system: it is not the device of the table any more
		ok "$name: not taken for the device of the table"
	else
		ok "$name: a new lineage ($(field after $d why))"
	fi
done
check "shutdown" vm_shutdown
tap_done
