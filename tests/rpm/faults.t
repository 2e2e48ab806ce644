#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# proves: no transaction fails because of aip, whatever is broken; the scripts stay whole, and the next reconcile after the cure patches them
# needs: rpmbuild, rpm, unshare, gpg
# timeout: 900
# order: 5
. "$AIP_TOP/tests/lib/rpmroot.sh"
rr_enter "$@"

rr_fleet
good=$RR_URL/index.json

# succeeds NAME COMMAND...: status 0, and nobody died by a signal
succeeds() {
	local name=$1 out rc
	shift
	out=$("$@" 2>&1 </dev/null)
	rc=$?
	[ -z "$out" ] || printf '%s: %s\n' "$name" "$out" >&2
	is "$name: the transaction succeeds" $rc 0
	said=$out
}

# whole NAME STAMP: each script is wholly patched or wholly pristine, and not halt alone is patched
whole() {
	case "$(rr_state $RC) $(rr_state $HALT)" in
	"$2 $2" | "$2+hook $2+hook") ok "$1: both scripts are whole and agree" ;;
	*) fail "$1: both scripts are whole and agree" "$(rr_state $RC) $(rr_state $HALT)" ;;
	esac
}

cured() {
	holds "$1: reconcile after the cure" rr_in /usr/libexec/aip/aip-trigger periodic
	both "$1: patched after the cure" "$2+hook"
}

# installed NAME [URL]: a root with aip and initscripts 1, patched, its index not cached when URL is not the good one
installed() {
	rr_new "$1"
	rr_configure "${2:-$good}" "$AIP_TMP/fleet.asc"
	rr_rpm -i "$one" "$AIP_RPM" >&2
}

# ---- the network
installed refused http://127.0.0.1:1/index.json
both "nobody listens: nothing is patched" 9.03.1-1
succeeds "nobody listens: upgrade" rr_rpm -U "$two"
whole "nobody listens" 9.03.2-1
rr_configure "$good"
cured "nobody listens" 9.03.2-1
rr_drop

rr_hang
rr_new hanging
rr_configure "$RR_URL/index.json" "$AIP_TMP/fleet.asc"
began=$SECONDS
succeeds "a hanging server: installation" rr_rpm -i "$one" "$AIP_RPM"
took=$((SECONDS - began))
[ $took -le 60 ] && ok "a hanging server: bounded ($took s)" || fail "a hanging server: bounded" "$took s"
whole "a hanging server" 9.03.1-1
rr_configure "$good"
cured "a hanging server" 9.03.1-1
rr_configure "$RR_URL/index.json"
began=$SECONDS
succeeds "a hanging server, index cached: upgrade" rr_rpm -U "$two"
took=$((SECONDS - began))
both "a hanging server, index cached: patched" 9.03.2-1+hook
[ $took -le 15 ] && ok "a hanging server, index cached: the cache comes first ($took s)" || fail "a hanging server, index cached: the cache comes first" "$took s"
rr_drop

# ---- disks
installed full-state
mount -t tmpfs -o size=4k none "$R/var/lib/aip" && head -c 4096 /dev/zero >"$R/var/lib/aip/filler" 2>/dev/null
succeeds "no room for the state: upgrade" rr_rpm -U "$two"
whole "no room for the state" 9.03.2-1
umount "$R/var/lib/aip"
cured "no room for the state" 9.03.2-1
rr_drop

installed full-etc
mv "$R/etc/rc.d" "$R/etc/rc.d.below" && mkdir "$R/etc/rc.d"
mount -t tmpfs -o size=128k none "$R/etc/rc.d" && cp -a "$R/etc/rc.d.below/." "$R/etc/rc.d/"
rr_rpm -U --notriggers "$two"
head -c 200000 /dev/zero >"$R/etc/rc.d/filler" 2>/dev/null
succeeds "no room beside the scripts: the trigger runs in a reinstallation of aip" rr_rpm -U --replacepkgs "$AIP_RPM"
whole "no room beside the scripts" 9.03.2-1
rm "$R/etc/rc.d/filler"
cured "no room beside the scripts" 9.03.2-1
umount "$R/etc/rc.d"
rr_drop

installed read-only
mount --bind "$R/var" "$R/var" && mkdir -p "$AIP_TMP/rpmdb" && mount --bind "$R/var/lib/rpm" "$AIP_TMP/rpmdb"
mount -o remount,bind,ro "$R/var" && mount --bind "$AIP_TMP/rpmdb" "$R/var/lib/rpm"
succeeds "/var is read-only: upgrade" rr_rpm -U "$two"
whole "/var is read-only" 9.03.2-1
umount "$R/var/lib/rpm" "$AIP_TMP/rpmdb"
umount "$R/var"
cured "/var is read-only" 9.03.2-1
rr_drop

# ---- the state
n=0
damage() {
	n=$((n + 1))
	installed "damaged-$n"
	(cd "$R/var/lib/aip" && eval "$2") || fail "$1: could be done"
	succeeds "$1: upgrade" rr_rpm -U "$two"
	hasnt "$1: aipmng ends by itself" "$said" "ended with status"
	whole "$1" 9.03.2-1
	succeeds "$1: erase" rr_rpm -e aip
	case "$(rr_state $RC) $(rr_state $HALT)" in
	"9.03.2-1 9.03.2-1" | "9.03.2-1+hook 9.03.2-1+hook") ok "$1: whole after erase" ;;
	*) fail "$1: whole after erase" "$(rr_state $RC) $(rr_state $HALT)" ;;
	esac
	rr_drop
}
damage "the state folder is gone" 'cd .. && rm -rf aip'
damage "the state folder is a file" 'cd .. && rm -rf aip && echo x >aip'
damage "all of the state is garbage" 'find . -type f -exec dd if=/dev/urandom of={} bs=100 count=1 conv=notrunc status=none \;'
damage "all of the state is empty" 'find . -type f -exec truncate -s 0 {} \;'
damage "the records are a file" 'rm -rf records && echo x >records'
damage "the pristine copies are gone" 'rm -rf pristine'
damage "the state folder cannot be entered" 'chmod 0 .'

# ---- the program
installed missing
mv "$R/usr/sbin/aipmng" "$R/aipmng"
succeeds "aipmng is missing: upgrade" rr_rpm -U "$two"
has "aipmng is missing: said" "$said" "missing"
whole "aipmng is missing" 9.03.2-1
mv "$R/aipmng" "$R/usr/sbin/aipmng"
cured "aipmng is missing" 9.03.2-1
succeeds "aipmng is missing: erase" rr_rpm -e aip
rr_drop

installed dying
for how in 'kill -SEGV $$' 'kill -KILL $$' 'kill -PIPE $$' 'exit 77' 'kill -TERM $PPID; sleep 1'; do
	printf '#!/bin/sh\n%s\n' "$how" >"$R/usr/sbin/aipmng"
	succeeds "aipmng does '$how'" rr_rpm -U --replacepkgs "$one"
done
# the real limit is a minute: a shorter one through the timeout that is called
printf '#!/bin/sh\nexec sleep 100\n' >"$R/usr/sbin/aipmng"
mv "$R/usr/bin/timeout" "$R/usr/bin/timeout.real"
printf '#!/bin/sh\necho "$@" >>/timeout.log\nshift 3\nexec timeout.real -k 1 2 "$@"\n' >"$R/usr/bin/timeout"
chmod 755 "$R/usr/bin/timeout"
began=$SECONDS
succeeds "aipmng never ends" rr_rpm -U --replacepkgs "$one"
has "aipmng never ends: said" "$said" "was stopped after 60 seconds"
is "aipmng never ends: the limit" "$(tail -1 "$R/timeout.log")" "-k 5 60 /usr/sbin/aipmng --reconcile"
[ $((SECONDS - began)) -lt 30 ] && ok "aipmng never ends: it was stopped" || fail "aipmng never ends: it was stopped"
# without timeout(1): the shell's own watch
rm "$R/usr/bin/timeout"
mv "$R/usr/bin/sleep" "$R/usr/bin/sleep.real"
printf '#!/bin/sh\n[ "$1" = 60 ] && set -- 2\nexec sleep.real "$@"\n' >"$R/usr/bin/sleep"
chmod 755 "$R/usr/bin/sleep"
began=$SECONDS
succeeds "aipmng never ends, and there is no timeout(1)" rr_rpm -U --replacepkgs "$one"
has "aipmng never ends, and there is no timeout(1): said" "$said" "was stopped after 60 seconds"
[ $((SECONDS - began)) -lt 30 ] && ok "no timeout(1): it was stopped" || fail "no timeout(1): it was stopped"
rr_drop

# ---- the surroundings
installed bare
umount -R "$R/proc" "$R/dev"
succeeds "no /proc, no /dev: upgrade" rr_rpm -U "$two"
both "no /proc, no /dev: patched" 9.03.2-1+hook
succeeds "no /proc, no /dev: erase" rr_rpm -e aip
both "no /proc, no /dev: erased" 9.03.2-1
rr_drop

installed closed
rr_rpm -U "$two" >&- 2>&- <&-
is "every standard stream is closed: the transaction succeeds" $? 0
both "every standard stream is closed: patched" 9.03.2-1+hook
tap_done
