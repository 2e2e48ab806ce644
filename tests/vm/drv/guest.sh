# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# guest.sh: what the driver's tests share inside the guest.
PATH=/drv:$PATH
seed=${1:-1}
RANDOM=$seed
failed=0
ok() { echo "ok - $1"; }
fail() { echo "not ok - $1"; failed=1; [ -z "${2:-}" ] || echo "# $2"; }
is() { if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "got '$2', expected '$3'"; fi; }
has() { case $2 in *"$3"*) ok "$1" ;; *) fail "$1" "no '$3' in: $2" ;; esac; }
holds() { local n=$1 out; shift; if out=$("$@" 2>&1); then ok "$n"; else fail "$n" "'$*': $out"; fi; }
# refuses NAME PART COMMAND...: it fails and says PART
refuses() { local n=$1 p=$2 out; shift 2; if out=$("$@" 2>&1); then fail "$n" "no refusal: $out"; else has "$n" "$out" "$p"; fi; }
the_end() { echo "the end"; exit $failed; }

load_module() {
	modprobe -a libcrc32c 2>/dev/null
	insmod /ko/aipsnap.ko "$@" || { fail "the module loads"; exit 1; }
}

state() { drv-client status "$1" | sed 's/^state \([0-9]*\) .*/\1/'; }
drop() { sync; echo 3 >/proc/sys/vm/drop_caches; blockdev --flushbufs "$1"; }

# image DEV FILE
image() { drop "$1"; dd if="$1" of="$2" bs=1M iflag=direct conv=sparse status=none || fail "an image of $1"; }

# no_miss NAME SLOT ID IMAGE-A IMAGE-B [SHIFT]: each chunk that differs is reported
no_miss() {
	local out
	if out=$(drv-client changes "$2" "$3" | drv-client compare "$4" "$5" "${6:-16}"); then
		ok "$1"; echo "# $out"
		case $out in *'differ 0 '*) fail "$1: something did change" "$out" ;; esac
	else
		fail "$1" "$out"
	fi
}

# raw_mix DEV MIB: all kinds of writes to a device without a file system
raw_mix() {
	local dev=$1 mib=$2 i off
	fio --name=a --filename="$dev" --rw=randwrite --bsrange=512-256k --direct=1 --size="${mib}M" --io_size=4M --randseed=$RANDOM \
		--ioengine=libaio --iodepth=8 --buffer_compress_percentage=0 --output=/dev/null || fail "fio direct"
	fio --name=b --filename="$dev" --rw=randwrite --bs=4k --direct=0 --size="${mib}M" --io_size=1M --randseed=$RANDOM \
		--ioengine=psync --output=/dev/null || fail "fio buffered"
	fio --name=c --filename="$dev" --rw=randwrite --bs=4k --size="${mib}M" --io_size=1M --randseed=$RANDOM \
		--ioengine=mmap --fallocate=none --output=/dev/null || fail "fio mmap"
	for i in 1 2 3; do
		off=$((RANDOM % (mib * 16 - 32)))
		blkdiscard -z -o $((off * 65536 + 4096)) -l $((65536 * (i + 1) - 512 * 8)) "$dev" || fail "write zeroes"
		blkdiscard -o $((RANDOM % (mib * 16 - 32) * 65536)) -l $((65536 * i)) "$dev" 2>/dev/null
	done
	# first and last sector
	dd if=/dev/urandom of="$dev" bs=512 count=1 conv=notrunc oflag=direct status=none
	dd if=/dev/urandom of="$dev" bs=512 seek=$(($(blockdev --getsz "$dev") - 1)) count=1 conv=notrunc oflag=direct status=none
}

# fs_mix FOLDER: writes through a file system
fs_mix() {
	local d=$1 i
	fio --name=a --directory="$d" --rw=randwrite --bs=4k --direct=1 --size=8M --io_size=2M --randseed=$RANDOM \
		--ioengine=libaio --iodepth=8 --output=/dev/null || fail "fio"
	fio --name=m --directory="$d" --rw=randwrite --bs=4k --size=4M --io_size=1M --randseed=$RANDOM --ioengine=mmap --fallocate=none --output=/dev/null
	for i in $(seq 40); do
		head -c $((RANDOM % 30000)) /dev/urandom >"$d/f$((RANDOM % 60))"
		rm -f "$d/f$((RANDOM % 60))"
	done
	fallocate -l 3M "$d/fa" 2>/dev/null
	sync -f "$d"
	fstrim "$d" 2>/dev/null
	return 0
}
