#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# storage.sh SEED: storage that fails now and then (dm-flakey) or on reading only, snapshots removed in
# the middle of I/O, unload while in use; two processors; vda 48M, vdb 64M (storage).
. /drv/guest.sh
load_module
read -r a ida < <(drv-client enable /dev/vda unsaved)
size=$(blockdev --getsz /dev/vdb)
storm() { # a writer that goes on until it is killed; sets storm
	fio --name=w --filename=/dev/vda --rw=randwrite --bsrange=4k-128k --direct=1 --ioengine=libaio --iodepth=16 --norandommap \
		--time_based --runtime=600 --randseed=$RANDOM --output=/tmp/fio >/dev/null 2>&1 &
	storm=$!
}
stop() { kill "$storm"; wait "$storm" 2>/dev/null; ! grep -q 'err= *[1-9]' /tmp/fio; }

# writes of the storage fail from a moment on; reads of it go well
modprobe dm-flakey
dmsetup create flaky --table "0 $size flakey /dev/vdb 0 600 0"
read -r o n < <(drv-client switch "$a:dev=/dev/mapper/flaky" 2>/dev/null)
image /dev/vda /tmp/A
cp /dev/aipsnap"$n" /tmp/S
holds "flakey: the image is what was there" cmp /tmp/A /tmp/S
dd if=/dev/urandom of=/dev/vda bs=64k count=5 oflag=direct conv=notrunc status=none
holds "flakey: and stays" cmp /tmp/A /dev/aipsnap"$n"
storm
sleep 1
dmsetup suspend --noflush flaky
dmsetup load flaky --table "0 $size flakey /dev/vdb 0 0 600 1 error_writes"
dmsetup resume flaky
for i in $(seq 100); do case $(drv-client snapshot "$n") in *'why 0 '*) sleep 0.1 ;; *) break ;; esac; done
has "flakey: the snapshot ends when a write of the storage fails" "$(drv-client snapshot "$n")" "flags 1 why 129"
sleep 0.5
holds "flakey: no write of the origin fails" stop
refuses "flakey: an ended image gives no data" "" dd if=/dev/aipsnap"$n" of=/dev/null bs=64k count=1
image /dev/vda /tmp/B
no_miss "flakey: tracking went on" "$a" "$o" /tmp/A /tmp/B
holds "flakey: remove" drv-client remove "$n"

# the storage can be written but not read: the reader hears of it, the origin does not
dmsetup suspend flaky; dmsetup load flaky --table "0 $size linear /dev/vdb 0"; dmsetup resume flaky
read -r o n < <(drv-client switch "$a:dev=/dev/mapper/flaky" 2>/dev/null)
image /dev/vda /tmp/A
dd if=/dev/urandom of=/dev/vda bs=64k count=8 oflag=direct conv=notrunc status=none
dmsetup suspend flaky; dmsetup load flaky --table "0 $size error"; dmsetup resume flaky
refuses "reads that need the failed storage fail" "" dd if=/dev/aipsnap"$n" of=/dev/null bs=64k count=8 iflag=direct
holds "the origin is written where it was copied already" dd if=/dev/urandom of=/dev/vda bs=64k count=8 oflag=direct conv=notrunc
holds "and elsewhere" dd if=/dev/urandom of=/dev/vda bs=64k seek=100 count=8 oflag=direct conv=notrunc
image /dev/vda /tmp/B
no_miss "tracking went on" "$a" "$o" /tmp/A /tmp/B
drv-client remove "$n"
dmsetup remove flaky || fail "nothing holds the storage"

# storage in a file above its own origin, through device-mapper: who suspends that waits for writes that wait
# for copies, which it keeps; the snapshot gives up
mkdir -p /m
dmsetup create top --table "0 $(blockdev --getsz /dev/vda) linear /dev/vda 0"
mkfs.ext4 -q -F /dev/mapper/top && mount /dev/mapper/top /m && fallocate -l 16M /m/store && dd if=/dev/zero of=/m/f bs=1M count=8 status=none && sync || fail "a file system above"
read -r o n < <(drv-client switch "$a:file=/m/store" freeze=/dev/mapper/top 2>/dev/null) && ok "above: a snapshot" || fail "above: a snapshot"
# so that a write is on its way when the volume is suspended
modprobe dm-delay
dmsetup suspend --nolockfs top; dmsetup load top --table "0 $(blockdev --getsz /dev/vda) delay /dev/vda 0 0 /dev/vda 0 3000"; dmsetup resume top
dd if=/dev/urandom of=/m/f bs=64k count=1 seek=50 conv=notrunc oflag=direct status=none &
dd=$!
sleep 1
t0=$SECONDS
timeout 200 dmsetup suspend --noflush --nolockfs top
is "above: the suspend ends" $? 0
echo "# after $((SECONDS - t0)) s"
dmsetup resume top
wait $dd
is "above: and the write has passed" $? 0
has "above: the snapshot has ended, and says why" "$(drv-client snapshot "$n")" "flags 1 why 129"
holds "above: remove" drv-client remove "$n"
umount /m && dmsetup remove top || fail "nothing holds it"

# removed in the middle of copying, many times; a reader that is there keeps it
storm
bad=0
for i in $(seq 12); do
	read -r o n < <(drv-client switch "$a:dev=/dev/vdb" 2>/dev/null) || { bad="switch $i"; break; }
	case $((i % 3)) in
	0) ;;
	1) sleep 0.0$((RANDOM % 9)) ;;
	2)	dd if=/dev/aipsnap"$n" of=/dev/null bs=1M iflag=direct status=none &
		dd=$!
		sleep 0.02
		drv-client remove "$n" 2>/dev/null && ! kill -0 $dd 2>/dev/null || :
		wait $dd 2>/dev/null ;;
	esac
	drv-client remove "$n" 2>/dev/null
	drv-client snapshot "$n" >/dev/null 2>&1 && bad="snapshot $i is still there"
done
is "a dozen snapshots removed under I/O" "$bad" 0
read -r o n < <(drv-client switch "$a:dev=/dev/vdb" 2>/dev/null)
exec 9</dev/aipsnap"$n"
refuses "unload is refused while a device is tracked and a snapshot is open" "in use" rmmod aipsnap
# the device is given back under the open image: it ends, the reader hears of it
holds "disable under an open image" drv-client disable "$a"
refuses "its image gives no data" "" dd bs=4k count=1 status=none <&9
refuses "unload is refused while an image is open" "in use" rmmod aipsnap
exec 9<&-
holds "the origin was written all the time" stop
drv-client remove "$n" >/dev/null 2>&1
holds "unload" rmmod aipsnap
the_end
