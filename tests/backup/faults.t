#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: a full disk, I/O errors and signals end a run with a clear error and leave the chain as it was
# needs: strace, unshare (mount namespace)
. "$AIP_TOP/tests/backup/lib.sh"
if [ "${1:-}" != inside ]; then
	exec unshare -m "$AIP_TOP/tests/backup/faults.t" inside
fi
cd "$AIP_TMP" || exit 1

make_source src 8
mkdir small
if mount -t tmpfs -o size=9M tmpfs small; then
	"$bak" full -q --as-is src small/set >&2
	cp src v1
	noise 6291456 fill | dd of=src conv=notrunc status=none
	"$bak" incremental -q --compare --as-is src small/set >out.txt 2>&1
	is "disk full: an error" $? 1
	has "disk full: it says so" "$(cat out.txt)" "No space left on device"
	is "disk full: nothing stays" "$(cd small/set && ls)" "$(printf '0001.json\n0001.qcow2\n0001.sums')"
	"$bak" restore -q small/set out >/dev/null 2>&1
	same "disk full: the chain is as it was" out v1
	umount small
else
	fail "a small file system can be mounted"
fi

"$bak" full -q --as-is src set >&2
cp src v1
change src 3 x
for errno in EIO ENOSPC EROFS; do
	for call in fsync rename,renameat,renameat2 pwrite64 unlinkat write; do
		rm -rf work && cp -a set work
		strace -qq -o /dev/null -e inject=$call:error=$errno "$bak" incremental -q --compare --as-is src work >out.txt 2>&1
		rc=$?
		rm -f out
		"$bak" restore -q --id 0001 work out >>log 2>&1
		if cmp -s out v1; then ok "$errno at $call: the older backup restores (status $rc)"; else fail "$errno at $call: the older backup restores"; fi
		if [ -e work/0002.json ]; then
			rm -f out
			"$bak" restore -q --id 0002 work out >>log 2>&1
			if cmp -s out src; then ok "$errno at $call: what claims to be a backup is one"; else fail "$errno at $call: what claims to be a backup is one"; fi
		elif [ $rc = 0 ]; then
			fail "$errno at $call: no backup, but no error either"
		fi
	done
done

# interrupted: nothing stays, its own exit code
rm -rf work && cp -a set work
"$bak" incremental -q --rate 1M --compare --as-is src work >out.txt 2>&1 &
pid=$!
sleep 1.5
kill -TERM $pid
wait $pid
is "SIGTERM: its own exit code" $? 7
is "SIGTERM: nothing stays" "$(find work -name '0002*' | wc -l)" 0

# a folder that is no set of ours, or has lost its manifests: nothing in it is touched
mkdir foreign && echo precious >foreign/0001.qcow2
"$bak" prune -q --keep 1 foreign >/dev/null 2>&1
"$bak" full -q --as-is src foreign >out.txt 2>&1
is "a foreign file under a backup's name is an error" $? 1
is "and stays" "$(cat foreign/0001.qcow2)" precious
has "and is named" "$(cat out.txt)" "foreign/0001.qcow2 exists and belongs to no backup"

# two at once
"$bak" incremental -q --rate 1M --compare --as-is src work >out.txt 2>&1 &
pid=$!
sleep 1
"$bak" incremental -q --compare --as-is src work >out2.txt 2>&1
is "a second run on the same set is refused with its own code" $? 6
has "and says so" "$(cat out2.txt)" "being changed by another aipbackup"
kill -TERM $pid
wait $pid
tap_done
