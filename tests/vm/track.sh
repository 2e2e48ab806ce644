# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# track.sh: guests with tracked devices, and the oracle, for tests of whole boots.
#
#   track_image                    the module (or AIPSNAP_KO, a built one), the programs and an
#                                  image with them; sets track_img
#   track_disk DEV SIZE            one more disk (in the order vdb, vdc, …), its writes logged
#   track_root                     enable the root (vda), a point for it
#   track_enable DEV…              aipsnap enable, a point for each
#   track_point DEV                a new generation, and the image of the disk at that moment
#   track_check NAME DEV           a case: each chunk that differs, or was written, since the
#                                  point of DEV is among `aipsnap changes --since`
#   track_resumed NAME DEV         a case: DEV still is in the lineage of its point
#   track_broken NAME DEV [WHY]    a case: it is not: a new lineage, for the reason WHY, and the
#                                  old generation is refused
#   track_rename OLD=NEW…          devices have other names in the guest now
#   track_dirt SEED DIR DEV [KIND] writes of many kinds (but that one) in the guest, none of them synced at
#                                  the end
#
# DEV is a name without /dev/.  Points cover everything since they were set, over any
# number of boots.
# shellcheck source=tests/vm/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
# shellcheck source=tests/vm/patched.sh
. "$(dirname "${BASH_SOURCE[0]}")/patched.sh"
declare -A track_file track_id track_boot track_entry track_lineage track_log
track_logs=$AIP_TMP/logs

track_late() { # a hook for the image: the service that runs late in a boot
	cat <<'E'
printf '#!/bin/sh\nexec /sbin/aipsnap late\n' >/etc/rc.d/init.d/aip-late
chmod 755 /etc/rc.d/init.d/aip-late
ln -s ../init.d/aip-late /etc/rc.d/rc3.d/S90aip-late
mkdir -p /var/lib/aip
ln -sf /sbin/aipsnap /etc/aipsnap
E
}

track_image() {
	local kernel rpm
	mkdir -p "$track_logs"
	kernel=$(default_kernel)
	flock "$AIP_B" make -s -C "$vm_top" B="$AIP_B" "$AIP_B/aipsnap" "$AIP_B/log-replay" "$AIP_B/chunk-diff" >&2 || {
		fail "the programs build"; return 1; }
	PATH=$AIP_B:$PATH
	track_ko=${AIPSNAP_KO:-$AIP_TMP/ko/aipsnap.ko}
	[ -n "${AIPSNAP_KO:-}" ] || "$vm_here/kbuild" --quick "$kernel" "$vm_top/dkms" "$AIP_TMP/ko" >&2 || {
		fail "the driver builds for $kernel"; return 1; }
	rpm=$("$vm_here/initscripts-rpm" "$AIP_TMP/rpm") || { fail "initscripts can be built"; return 1; }
	{ by_hand; track_late; } >"$AIP_TMP/hook"
	track_img=$("$vm_here/image" --kernel "$kernel" --ko "$track_ko" --file "$AIP_B/aipsnap:/sbin/aipsnap" \
		--file "$vm_top/src/aipsnap/69-aipsnap.rules:/lib/udev/rules.d/69-aipsnap.rules:644" \
		--hook "$AIP_TMP/hook" "$rpm") || { fail "the guest's disk can be made"; return 1; }
}

# track_root: enables the root of vm_new, which then is vda to track_*; what of it differs is looked at,
# not the log of its writes: the table's own are among them
track_root() {
	track_file[vda]=$vm_dir/root.qcow2 track_log[vda]=$track_logs/vda
	track_enable vda &&
	vm_run 'filefrag -v -b512 /.aipsnap_table' | awk '$1 ~ /^[0-9]+:$/ {
		gsub(/[.:]/, " "); print $4 * 512, $6 * 512 }' >"$AIP_TMP/vda.ignore" && [ -s "$AIP_TMP/vda.ignore" ]
}

# the content of DEV; the guest is stopped (which makes QEMU write what it knows of a qcow2)
track_copy() { # DEV FILE
	rm -f "$2"
	case ${track_file[$1]} in
	*.qcow2) qemu-img convert -U -O raw "${track_file[$1]}" "$2" ;;
	*) cp --sparse=always "${track_file[$1]}" "$2" ;;
	esac
}

track_disk() { # DEV SIZE
	track_file[$1]=$vm_dir/$1.img track_log[$1]=$track_logs/$1
	truncate -s "$2" "$vm_dir/$1.img" && vm_disk "$vm_dir/$1.img" "log=$track_logs/$1"
}

track_pause() { vm_command stop; }
track_resume() { vm_command cont; }

# QEMU makes a log's head with the first write: before it the file is empty
track_entries() { # DEV: number of entries of this boot's log
	[ -s "${track_log[$1]}.$vm_boots" ] || { echo 0; return; }
	log-replay list "${track_log[$1]}.$vm_boots" | wc -l
}

# track_rename OLD=NEW...: devices have other names now; all at once
track_rename() {
	local p a
	for a in file id boot entry lineage log; do
		local -n array=track_$a
		local -A new=()
		for p; do new[${p#*=}]=${array[${p%=*}]:-}; done
		for p; do unset "array[${p%=*}]"; done
		for p in "${!new[@]}"; do array[$p]=${new[$p]}; done
	done
	for p; do mv "$AIP_TMP/${p%=*}.before" "$AIP_TMP/${p#*=}.before.new"; done
	for p; do mv "$AIP_TMP/${p#*=}.before.new" "$AIP_TMP/${p#*=}.before"; done
}

track_status() { # DEV FIELD
	vm_run 'aipsnap status --json' | jq -r --arg d "$1" --arg f "$2" \
		'.devices[] | select(.name == $d or .name == "/dev/" + $d or (.name | endswith("/" + $d))) | .[$f]'
}

track_mark() { # DEV ID: this moment is ID's
	local dev=$1
	track_pause || return 1
	track_copy "$dev" "$AIP_TMP/$dev.before" || return 1
	track_id[$dev]=$2 track_boot[$dev]=$vm_boots track_entry[$dev]=$(track_entries "$dev")
	track_resume || return 1
	track_lineage[$dev]=$(track_status "$dev" lineage)
	[ -n "${track_lineage[$dev]}" ] || { vm_fail "$dev is not in aipsnap's status"; return 1; }
}

track_point() { # DEV
	local out id
	out=$(vm_run "aipsnap generation new /dev/$1 --json") || { vm_fail "generation new $1: $out"; return 1; }
	id=$(jq -r '.devices[0].opened' <<<"$out")
	[ "${#id}" = 32 ] || { vm_fail "generation new $1: no id in: $out"; return 1; }
	track_mark "$1" "$id"
}

track_enable() { # DEV...
	local d
	for d; do
		vm_run "aipsnap enable /dev/$d" >&2 || { vm_fail "aipsnap enable /dev/$d"; return 1; }
		track_point "$d" || return 1
	done
}

# what was written since the point: the rest of its boot's log, all of the later ones
track_written() { # DEV
	local b first=${track_entry[$1]}
	for ((b = track_boot[$1]; b <= vm_boots; b++)); do
		[ ! -s "${track_log[$1]}.$b" ] || log-replay written "${track_log[$1]}.$b" "$first" || return 1
		first=0
	done
}

track_check() { # NAME DEV
	local name=$1 dev=$2 line rc ignore=()
	# the image first: what is written after it can only be reported in vain
	track_pause && track_copy "$dev" "$AIP_TMP/$dev.after" &&
	track_written "$dev" >"$AIP_TMP/$dev.written" && track_resume || { fail "$name" "no image of $dev: $vm_why"; return 1; }
	vm_run "aipsnap changes /dev/$dev --since ${track_id[$dev]}" >"$AIP_TMP/$dev.changes" || {
		fail "$name" "aipsnap changes ended with status $?: $(cat "$AIP_TMP/$dev.changes")"; return 1; }
	[ ! -e "$AIP_TMP/$dev.ignore" ] || ignore=(-i "$AIP_TMP/$dev.ignore")
	line=$(chunk-diff "${ignore[@]}" -w "$AIP_TMP/$dev.written" "${TRACK_CHUNK:-65536}" "$AIP_TMP/$dev.before" "$AIP_TMP/$dev.after" "$AIP_TMP/$dev.changes" 2>&1)
	rc=$?
	[ $rc = 0 ] || { fail "$name" "$line"; return 1; }
	# bounded: at most 1 % in vain, beyond what the mount of an XFS clears of its log
	read -r _ _ _ differ _ reported _ _ _ vain <<<"$line"
	[ "$differ" -gt 0 ] || { fail "$name" "nothing differs: the test does nothing: $line"; return 1; }
	[ "$vain" -le $((reported / 100 + ${TRACK_VAIN:-8})) ] || { fail "$name" "too many in vain: $line"; return 1; }
	ok "$name ($line)"
}

track_resumed() { # NAME DEV
	local now
	now=$(track_status "$2" lineage)
	if [ "$now" = "${track_lineage[$2]}" ]; then
		ok "$1"
	else
		fail "$1" "lineage ${track_lineage[$2]} is now $now: $(track_status "$2" why_text)"
	fi
}

track_broken() { # NAME DEV [WHY]
	local now why rc
	now=$(track_status "$2" lineage)
	why=$(track_status "$2" why)
	vm_run "aipsnap changes /dev/$2 --since ${track_id[$2]}" >&2
	rc=$?
	if [ -z "$now" ] || [ "$now" = "${track_lineage[$2]}" ]; then
		fail "$1" "still in lineage $now"
	elif [ $rc != 6 ]; then
		fail "$1" "changes since a generation of the old lineage ended with status $rc, not 6"
	elif [ -n "${3:-}" ] && [ "$why" != "$3" ]; then
		fail "$1" "the reason is '$why', not '$3'"
	else
		ok "$1 ($why)"
	fi
}

track_dirt() { # SEED DIR DEV [WITHOUT]
	vm_put "$vm_here/guest/dirt" /run/dirt 755 && vm_run "/run/dirt $1 $2 /dev/$3 ${4:-}" >&2
}
