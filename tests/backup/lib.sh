# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# lib.sh: what the tests of aipbackup share: a source image that is changed in ways
# a seed decides, and the oracle: a restored image is the copy that was made of the
# source when the backup was made.

# shellcheck source=tests/lib/tap.sh
. "$AIP_TOP/tests/lib/tap.sh"
cd "$AIP_TMP" || exit 1
flock "$AIP_B" make -s -C "$AIP_TOP" B="$AIP_B" "$AIP_B/aipbackup" >&2 || exit 1
bak=$AIP_B/aipbackup
RANDOM=$((AIP_SEED % 32768))
# the low-entropy generator makes tests repeatable: a stream that the seed decides
noise() { # BYTES TAG
	openssl enc -aes-128-ctr -nosalt -K "$(printf '%032x' "$AIP_SEED")" -iv "$(printf '%s' "$2" | md5sum | cut -c 1-32)" \
		</dev/zero 2>/dev/null | head -c "$1"
}

# make_source FILE MIB: two thirds noise, then a hole
make_source() {
	noise $(($2 * 1048576 * 2 / 3)) "source $2" >"$1"
	truncate -s "${2}M" "$1"
}

# change FILE N TAG: N random writes: noise or zeroes, a few bytes to 300 KiB
change() {
	local size i at len
	size=$(stat -c %s "$1")
	for ((i = 0; i < $2; i++)); do
		len=$((RANDOM % 307200 + 1))
		[ $((RANDOM % 3)) = 0 ] && len=$((RANDOM % 600 + 1))
		at=$(((RANDOM * 32768 + RANDOM) % (size - len)))
		if [ $((RANDOM % 4)) = 0 ]; then
			head -c $len /dev/zero
		else
			noise $len "$3 $i"
		fi | dd of="$1" bs=1M seek=$at oflag=seek_bytes conv=notrunc status=none iflag=fullblock
	done
}
