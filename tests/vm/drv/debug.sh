#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# debug.sh SEED [SCRIPT]...: the other scripts one after another in one boot, for kernels that take long to boot.
# vda 48M, vdb 48M, vdc 64M, vdd 16T (sparse).
seed=$1
shift
read -ra scripts <<<"$*"
[ ${#scripts[@]} -gt 0 ] || scripts=(inject snap track abuse)
bad=0
for s in "${scripts[@]}"; do
	case $s in
	abuse) arg=20 ;;
	inject) arg=${INJECT:-6} ;;
	track) arg=few ;;
	*) arg='' ;;
	esac
	start=$SECONDS
	bash "/drv/$s.sh" "$seed" "$arg" 2>&1 </dev/null | tee "/tmp/$s.log" | sed -u "s/^\(ok\|not ok\) - /\1 - $s: /; s/^the end$/# the end/"
	rc=${PIPESTATUS[0]}
	if [ $rc = 0 ] && grep -q '^the end$' "/tmp/$s.log"; then echo "ok - $s: to its end ($((SECONDS - start)) s)"; else echo "not ok - $s: to its end: status $rc"; bad=1; fi
	# what a script that fell over has left
	umount /m /s 2>/dev/null
	dmsetup remove_all 2>/dev/null
	for i in $(seq 0 63); do /drv/drv-client remove "$i"; /drv/drv-client disable "$i"; done >/dev/null 2>&1
	/drv/drv-client unload >/dev/null 2>&1
	rmmod aipsnap 2>/dev/null
	rm -rf /tmp/[A-Z]* /tmp/loopfile* /tmp/stop
done
echo "the end"
exit $bad
