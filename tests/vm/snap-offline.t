#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# proves: what another system did to a tracked file system between seal and start is noticed, each
#         kind of change by name, and gives a new lineage; a lineage that goes on over a
#         restart misses no chunk that differs
# needs: qemu, kernel headers, e2fsprogs, xfsprogs, jq, python3
# timeout: 1500
# tier: full
# order: 20
set -u
. "$AIP_TOP/tests/lib/tap.sh"
vm=$AIP_TOP/tests/vm
kernel=${AIP_KERNEL:-bookworm}
ko=$("$vm/kbuild" --quick "$kernel" "$AIP_TOP/dkms" "$AIP_TMP/ko" >&2 && echo "$AIP_TMP/ko") || { fail "the driver builds"; exit 1; }
make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipsnap" >&2 || { fail "aipsnap builds"; exit 1; }
mkdir "$AIP_TMP/bin" && cp "$AIP_B/aipsnap" "$AIP_TMP/bin/"
ext=(control romount rwmount rwtouch fsck debugfs debugfsinode tune2fs resize2fs mkfs restore size)
xfs=(control romount rwmount rwtouch repair admin mkfs restore)
names=() disks=()
cd "$AIP_TMP" || exit 1

mkdir tree
head -c 300000 /dev/urandom >tree/old
for f in gone-first gone-second plain; do head -c 70000 /dev/urandom >tree/$f; done
proto() { # xfs cannot be filled from a folder by the mkfs of Debian 12: by a prototype
	printf '/dev/null\n0 0\nd--755 0 0\n'
	for f in tree/*; do printf '%s ---644 0 0 %s\n' "${f#tree/}" "$PWD/$f"; done
	echo '$'
}
truncate -s 200M root && mke2fs -q -t ext4 root
i=0
for n in "${ext[@]}"; do
	t=ext$((2 + i++ % 3))
	case $n in fsck | debugfs | debugfsinode) t=ext4 ;; esac
	names+=("ext-$n")
	truncate -s 24M "ext-$n" && mke2fs -q -t $t -d tree "ext-$n"
done
proto >prototype
for n in "${xfs[@]}"; do
	names+=("xfs-$n")
	truncate -s 320M "xfs-$n" && mkfs.xfs -q -p prototype "xfs-$n"
done
for n in "${names[@]}"; do
	cp --sparse=always "$n" "$n.start"
	disks+=(--disk "$PWD/$n")
done
guest() { # OUT PHASE
	mkdir -p "$1"
	"$vm/run" --kernel "$kernel" --timeout 600 --mem 1024 --append rcupdate.rcu_cpu_stall_suppress=1 --out "$PWD/$1" --share "ko=$ko" --share "aip=$PWD/bin" \
		--share "data=$vm/data:ro" --disk "$PWD/root" "${disks[@]}" "$vm/data/snap-offline" "$2" "${names[@]}"
}
guest out1 first >&2 || { fail "the first boot"; exit 1; }
is "every device is sealed, root's last" "$(jq -r '[.devices[] | .outcome] | unique | join(" ")' out1/sealed.json)" sealed
is "root is sealed last" "$(jq -r '.devices[-1].name' out1/sealed.json)" /dev/vda

# ---- the changes that the host makes ------------------------------------------------
uuid() { blkid -p -o value -s UUID "$1"; }
for n in "${names[@]}"; do cp --sparse=always "$n" "$n.sealed"; done
debugfs -w -R 'clri /plain' ext-fsck >/dev/null 2>&1
cp --sparse=always ext-fsck ext-fsck.sealed # only the repair is to be noticed
e2fsck -fy ext-fsck >/dev/null 2>&1
debugfs -w -R "write tree/plain written" ext-debugfs >/dev/null 2>&1
debugfs -w -R "set_inode_field /plain uid 7" ext-debugfsinode >/dev/null 2>&1
tune2fs -L label ext-tune2fs >/dev/null
resize2fs -f ext-resize2fs 20M >/dev/null 2>&1
truncate -s 24M ext-resize2fs # of a file it cuts the device off, too
t=$(blkid -p -o value -s TYPE ext-mkfs)
mke2fs -q -F -t "$t" -U "$(uuid ext-mkfs)" -d tree ext-mkfs
cp --sparse=always ext-restore.start ext-restore
truncate -s 32M ext-size
xfs_repair xfs-repair >/dev/null 2>&1
xfs_admin -L label xfs-admin >/dev/null
mkfs.xfs -q -f -p prototype -m uuid="$(uuid xfs-mkfs)" xfs-mkfs
cp --sparse=always xfs-restore.start xfs-restore
for n in "${names[@]}"; do
	case ${n#*-} in control | romount | rwmount | rwtouch | size) continue ;; esac
	cmp -s "$n" "$n.sealed" && fail "$n: the tool changed nothing: no test"
done

mkdir -p out2 && cp out1/enabled.json out2/first.json
guest out2 second >&2 || { fail "the second boot"; exit 1; }

# ---- the verdicts ------------------------------------------------------------------
outcome() { jq -r --arg d "$1" '.devices[] | select(.name == $d) | .outcome + " " + (.why // "-")' out2/started.json; }
letters=abcdefghijklmnopqrstuvwxyz
is "root: read-only mount before the start" "$(outcome /dev/vda)" "resumed -"
for i in "${!names[@]}"; do
	n=${names[i]}
	got=$(outcome "/dev/vd${letters:$((i + 1)):1}")
	case ${n#*-} in
	control | romount) want="resumed -" ;;
	size) want="new-lineage size" ;;
	*) want="new-lineage fingerprint" ;;
	esac
	is "$n" "$got" "$want"
	if [ "$want" = "resumed -" ]; then
		if out=$("$vm/data/chunks" "$n.start" "$n" "out2/changes-$n.json"); then
			ok "$n: no chunk is missed over the restart ($out)"
		else
			fail "$n: no chunk is missed over the restart" "$out"
		fi
	else
		is "$n: the old generation is refused" "$(cat "out2/changes-$n.rc")" 6
	fi
done
exit $tap_failed
